// Counts a thread's allocations, by standing before the C library's allocator in the whole test program.
#ifndef CALLOCATIONCOUNT_H
#define CALLOCATIONCOUNT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    long count;
    /// Bytes of the largest one.
    size_t largest;
} allocation_count;

/// Whether this program can count: with glibc and without sanitizers, which have an allocator of their own.
bool allocation_count_works(void);
/// Counts this thread's allocations from now on.
void allocation_count_begin(void);
/// Stops, and returns what there was.
allocation_count allocation_count_end(void);

#endif
