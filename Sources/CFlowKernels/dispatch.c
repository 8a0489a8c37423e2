// Chooses kernels at run time by what the processor and the system support.
#pragma STDC FP_CONTRACT OFF

#include "product.h"
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

uintptr_t cflow_thread(void) {
    static _Thread_local char place;
    return (uintptr_t)&place;
}

size_t cflow_product_scratch(void) { return CFLOW_SCRATCH_A + CFLOW_SCRATCH_B + CFLOW_SCRATCH_TILE + CFLOW_SCRATCH_WIDE; }

bool cflow_level_available(int32_t level) {
    switch (level) {
    case CFLOW_PORTABLE: return true;
    case CFLOW_VNNI_WRITTEN_OUT: return true;
#if defined(__x86_64__)
    case CFLOW_AVX2: return __builtin_cpu_supports("avx2");
    case CFLOW_AVX512_VNNI:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
#if defined(__ARM_FEATURE_DOTPROD)
    case CFLOW_NEON_DOT: return true;
#elif defined(__linux__)
    // Bit 20 of the kernel's list is ASIMDDP.
    case CFLOW_NEON_DOT: return (getauxval(AT_HWCAP) & (1ul << 20)) != 0;
#endif
#endif
    default: return false;
    }
}

bool cflow_processor_has(int32_t feature) {
#if defined(__x86_64__)
    switch (feature) {
    case CFLOW_HAS_AVX: return __builtin_cpu_supports("avx");
    case CFLOW_HAS_AVX2_FMA: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case CFLOW_HAS_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd");
    case CFLOW_HAS_FMA4: return __builtin_cpu_supports("fma4");
    case CFLOW_HAS_3DNOW: {
        unsigned a, b, c, d;
        return __get_cpuid(0x80000001, &a, &b, &c, &d) && d >> 31;
    }
    default: return false;
    }
#else
    (void)feature;
    return false;
#endif
}

void cflow_multiply(int32_t level, const cflow_product *product, void *scratch) {
    cflow_floating_point before = cflow_floating_point_begin();
    switch (level) {
    case CFLOW_AVX2: cflow_multiply_avx2(product, scratch); break;
    case CFLOW_AVX512_VNNI: cflow_multiply_avx512(product, scratch); break;
    case CFLOW_NEON_DOT: cflow_multiply_neon_dot(product, scratch); break;
    case CFLOW_VNNI_WRITTEN_OUT: cflow_multiply_written_out(product, scratch); break;
    default: cflow_multiply_portable(product, scratch); break;
    }
    cflow_floating_point_end(before);
}

// MARK: Pointwise operations

extern const cflow_pointwise cflow_pointwise_portable;
#if defined(__x86_64__)
extern const cflow_pointwise cflow_pointwise_avx2;
extern const cflow_pointwise cflow_pointwise_avx512;
#endif

const cflow_pointwise *cflow_pointwise_at(int32_t level) {
#if defined(__x86_64__)
    if (level == CFLOW_AVX512_VNNI && cflow_level_available(CFLOW_AVX512_VNNI)) return &cflow_pointwise_avx512;
    if (level == CFLOW_AVX2 && cflow_level_available(CFLOW_AVX2)) return &cflow_pointwise_avx2;
#endif
    (void)level;
    return &cflow_pointwise_portable;
}

static int32_t cflow_level_in_use = -1;

static int32_t cflow_best_level(void) {
    if (cflow_level_available(CFLOW_AVX512_VNNI)) return CFLOW_AVX512_VNNI;
    return cflow_level_available(CFLOW_AVX2) ? CFLOW_AVX2 : CFLOW_PORTABLE;
}

const cflow_pointwise *cflow_pointwise_in_use(void) {
    int32_t level = __atomic_load_n(&cflow_level_in_use, __ATOMIC_RELAXED);
    if (__builtin_expect(level < 0, 0)) {
        int32_t unset = -1;
        level = cflow_best_level();
        __atomic_compare_exchange_n(&cflow_level_in_use, &unset, level, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    }
    switch (level) {
#if defined(__x86_64__)
    case CFLOW_AVX512_VNNI: return &cflow_pointwise_avx512;
    case CFLOW_AVX2: return &cflow_pointwise_avx2;
#endif
    default: return &cflow_pointwise_portable;
    }
}

int32_t cflow_pointwise_use(int32_t level) {
    int32_t wanted = cflow_level_available(level) && level <= CFLOW_AVX512_VNNI ? level : CFLOW_PORTABLE;
    (void)cflow_pointwise_in_use();
    return __atomic_exchange_n(&cflow_level_in_use, wanted, __ATOMIC_RELAXED);
}
