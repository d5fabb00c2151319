#include <zlib.h>

// `deflateInit2` is a macro, which Swift cannot see. 15 + 16: the largest window, and a header of gzip.
static inline int holdfast_deflate_gzip_init(z_streamp stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
