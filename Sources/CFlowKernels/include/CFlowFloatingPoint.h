#ifndef CFLOW_FLOATING_POINT_H
#define CFLOW_FLOATING_POINT_H

#include <stdbool.h>
#include <stdint.h>
#if !defined(__x86_64__) && !defined(__aarch64__)
#include <fenv.h>
#endif

// A thread's floating-point state: rounding, flushing of numbers below the normal ones, traps, and the flags raised so far. New threads inherit it,
// and libraries change it: those that gcc built with -ffast-math flush in the thread that loads them. Canonical arithmetic is defined for the
// default of IEEE 754: to nearest even, nothing flushed, no traps.

#if defined(__x86_64__)
/// MXCSR. The x87 unit takes no part in canonical arithmetic.
typedef struct {
    uint32_t control;
} cflow_floating_point;
#elif defined(__aarch64__)
/// FPCR and FPSR.
typedef struct {
    uint64_t control, flags;
} cflow_floating_point;
#else
typedef struct {
    fenv_t environment;
} cflow_floating_point;
#endif

/// Sets this thread's canonical state, and returns the one before.
///
/// Not inline, and nor is its counterpart: compilers move no memory access over a call whose body they do not see, so numbers that are read and
/// written in memory are computed between the two.
cflow_floating_point cflow_floating_point_begin(void);

/// Sets this thread's state to what `cflow_floating_point_begin` returned, flags included.
void cflow_floating_point_end(cflow_floating_point before);

/// Whether this thread is in the canonical state, whatever its flags: a cheap question, for entries too small to set and restore anything.
static inline bool cflow_floating_point_is_canonical(void) {
#if defined(__x86_64__)
    // Bits 7 to 12 mask the exceptions, 13 and 14 round, 6 and 15 flush; the six flags are the lowest.
    return (__builtin_ia32_stmxcsr() & ~0x3Fu) == 0x1F80u;
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control == 0;
#else
    // What else such a processor may have, `cflow_floating_point_begin` sets.
    return fegetround() == FE_TONEAREST;
#endif
}

#endif
