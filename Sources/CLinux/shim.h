// System calls of Linux that Swift's Glibc module leaves out.
//
// Declared here rather than through their headers: <sched.h> hides sched_getaffinity unless _GNU_SOURCE was set before the
// first system header, and <sys/xattr.h> brings types along that Swift then takes for this module's instead of Glibc's.
#ifndef HOLDFAST_CLINUX_H
#define HOLDFAST_CLINUX_H
#include <stddef.h>

// xattr(7); the results are of type ssize_t, which is long wherever Linux runs Swift.
long llistxattr(const char *path, char *list, size_t size);
long flistxattr(int descriptor, char *list, size_t size);
long lgetxattr(const char *path, const char *name, void *value, size_t size);
int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags);
int fsetxattr(int descriptor, const char *name, const void *value, size_t size, int flags);
int lremovexattr(const char *path, const char *name);
int fremovexattr(int descriptor, const char *name);

int sched_getaffinity(int pid, size_t size, void *mask);

// <stdio.h> hides it and its flag likewise.
int renameat2(int old_folder, const char *old_path, int new_folder, const char *new_path, unsigned int flags);
static const unsigned int HOLDFAST_RENAME_EXCHANGE = 2;

// mallopt(3): <malloc.h> is not in the module.
int mallopt(int parameter, int value);
static const int HOLDFAST_M_ARENA_MAX = -8;
#endif
