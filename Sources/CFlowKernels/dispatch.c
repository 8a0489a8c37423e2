// Chooses kernels at run time by what the processor and the system support.
#pragma STDC FP_CONTRACT OFF

#include "product.h"

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
#endif
    default: return false;
    }
}

void cflow_multiply(int32_t level, const cflow_product *product, void *scratch) {
    switch (level) {
    case CFLOW_AVX2: cflow_multiply_avx2(product, scratch); break;
    case CFLOW_AVX512_VNNI: cflow_multiply_avx512(product, scratch); break;
    case CFLOW_VNNI_WRITTEN_OUT: cflow_multiply_written_out(product, scratch); break;
    default: cflow_multiply_portable(product, scratch); break;
    }
}
