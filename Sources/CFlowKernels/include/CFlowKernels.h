#ifndef CFLOW_KERNELS_H
#define CFLOW_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Atomics for the thread pool. Plain inline functions, so that no deployment target and no further module is needed.

static inline int64_t cflow_atomic_add(int64_t *cell, int64_t value) {
    return __atomic_fetch_add(cell, value, __ATOMIC_ACQ_REL);
}

static inline int64_t cflow_atomic_load(const int64_t *cell) {
    return __atomic_load_n(cell, __ATOMIC_ACQUIRE);
}

static inline void cflow_atomic_store(int64_t *cell, int64_t value) {
    __atomic_store_n(cell, value, __ATOMIC_RELEASE);
}

/// Sets the cell to `desired` where it holds `expected`; true where it did.
static inline bool cflow_atomic_exchange_if(int64_t *cell, int64_t expected, int64_t desired) {
    return __atomic_compare_exchange_n(cell, &expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/// A hint to the processor inside a waiting loop.
static inline void cflow_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

#endif
