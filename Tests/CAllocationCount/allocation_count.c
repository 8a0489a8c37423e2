#include "CAllocationCount.h"
#include <errno.h>
#include <stdlib.h>

static _Thread_local bool counting;
static _Thread_local allocation_count counted;

void allocation_count_begin(void) {
    counted = (allocation_count){0, 0};
    counting = true;
}

allocation_count allocation_count_end(void) {
    counting = false;
    return counted;
}

#if defined(__GLIBC__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void note(size_t bytes) {
    if (!counting) return;
    counted.count++;
    if (bytes > counted.largest) counted.largest = bytes;
}

void *malloc(size_t bytes) {
    note(bytes);
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
    note(count * bytes);
    return __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes) {
    note(bytes);
    return __libc_realloc(old, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    note(bytes);
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void **target, size_t alignment, size_t bytes) {
    void *memory = memalign(alignment, bytes);
    if (!memory) return ENOMEM;
    *target = memory;
    return 0;
}

bool allocation_count_works(void) {
    allocation_count_begin();
    void *volatile memory = malloc(1);
    free(memory);
    return allocation_count_end().count == 1;
}

#else

bool allocation_count_works(void) { return false; }

#endif
