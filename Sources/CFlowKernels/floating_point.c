// A thread's floating-point state around canonical arithmetic.
#pragma STDC FP_CONTRACT OFF

#include "CFlowFloatingPoint.h"

#if defined(__x86_64__)

cflow_floating_point cflow_floating_point_begin(void) {
    cflow_floating_point before = {__builtin_ia32_stmxcsr()};
    if ((before.control & ~0x3Fu) != 0x1F80) __builtin_ia32_ldmxcsr(0x1F80);
    return before;
}

void cflow_floating_point_end(cflow_floating_point before) { __builtin_ia32_ldmxcsr(before.control); }

#elif defined(__aarch64__)

static inline uint64_t cflow_control(void) {
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control) : : "memory");
    return control;
}

/// Some processors wait when FPCR is written, so it is left alone where it is right.
static inline void cflow_set_control(uint64_t control) {
    if (cflow_control() != control) __asm__ volatile("msr fpcr, %0" : : "r"(control) : "memory");
}

cflow_floating_point cflow_floating_point_begin(void) {
    cflow_floating_point before;
    before.control = cflow_control();
    __asm__ volatile("mrs %0, fpsr" : "=r"(before.flags) : : "memory");
    // To nearest even, nothing flushed (FZ, FZ16, FIZ), no traps, no alternative handling (AH, NEP, AHP), NaNs as they come (DN).
    cflow_set_control(0);
    return before;
}

void cflow_floating_point_end(cflow_floating_point before) {
    __asm__ volatile("msr fpsr, %0" : : "r"(before.flags) : "memory");
    cflow_set_control(before.control);
}

#else

cflow_floating_point cflow_floating_point_begin(void) {
    cflow_floating_point before;
    fegetenv(&before.environment);
    fesetenv(FE_DFL_ENV);
    return before;
}

void cflow_floating_point_end(cflow_floating_point before) { fesetenv(&before.environment); }

#endif
