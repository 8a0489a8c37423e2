#include "CHostState.h"
#include <stdlib.h>

#if defined(__x86_64__)
#include <xmmintrin.h>

void host_state_set(int32_t state) {
    static const unsigned rounding[4] = {0x0000, 0x2000, 0x4000, 0x6000};
    unsigned control = (state & HOST_STATE_TRAPS ? 0 : 0x1F80) | rounding[state & 3];
    if (state & HOST_STATE_FLUSHES) control |= 0x8040;
    _mm_setcsr(control);
}

uint64_t host_state_settings(void) { return _mm_getcsr() & ~0x3Fu; }
uint64_t host_state_flags(void) { return _mm_getcsr() & 0x3Fu; }

#elif defined(__aarch64__)

void host_state_set(int32_t state) {
    static const uint64_t rounding[4] = {0, 2, 1, 3};
    uint64_t control = rounding[state & 3] << 22;
    if (state & HOST_STATE_FLUSHES) control |= 1ull << 24 | 1ull << 19;
    // Where the processor has no traps these bits stay 0.
    if (state & HOST_STATE_TRAPS) control |= 0x9F00;
    uint64_t flags = 0;
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(control), "r"(flags) : "memory");
}

uint64_t host_state_settings(void) {
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control) : : "memory");
    return control;
}

uint64_t host_state_flags(void) {
    uint64_t flags;
    __asm__ volatile("mrs %0, fpsr" : "=r"(flags) : : "memory");
    return flags;
}

#else
#include <fenv.h>

void host_state_set(int32_t state) {
    static const int rounding[4] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    fesetround(rounding[state & 3]);
    feclearexcept(FE_ALL_EXCEPT);
}

uint64_t host_state_settings(void) { return (uint64_t)fegetround(); }
uint64_t host_state_flags(void) { return (uint64_t)fetestexcept(FE_ALL_EXCEPT); }

#endif

bool host_state_differs(void) {
    // Read through volatile memory, so that the processor computes them now.
    volatile float smallest = 0x1p-149f, one = 1, little = 0x1p-30f, half = 0.5f, normal = 0x1p-126f;
    return smallest + smallest != 0x1p-148f || normal * half == 0 || one + little != 1 || -one - little != -1 || one - little != 1;
}

#if defined(WHEN_LOADED)
__attribute__((constructor)) static void when_loaded(void) {
    const char *state = getenv("FLOW_TEST_HOST_STATE");
    host_state_set(state ? atoi(state) : HOST_STATE_FLUSHES);
}
#endif
