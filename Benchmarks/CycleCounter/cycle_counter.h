// The counter that a processor offers to every program: ticks of a constant rate, near its nominal frequency on x86-64.
#ifndef HOLDFAST_CYCLE_COUNTER_H
#define HOLDFAST_CYCLE_COUNTER_H
#include <stdint.h>

// 0 where there is none.
static inline uint64_t holdfast_cycle_counter(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}
#endif
