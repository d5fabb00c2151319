// System calls of Linux that Swift's Glibc module leaves out.
#ifndef HOLDFAST_CLINUX_H
#define HOLDFAST_CLINUX_H
#include <sys/types.h>
#include <sys/xattr.h>

// Declared here rather than through <sched.h>, which hides it unless _GNU_SOURCE was set before the first system header.
int sched_getaffinity(pid_t pid, size_t size, void *mask);

// <stdio.h> hides it and its flag likewise.
int renameat2(int old_folder, const char *old_path, int new_folder, const char *new_path, unsigned int flags);
static const unsigned int HOLDFAST_RENAME_EXCHANGE = 2;
#endif
