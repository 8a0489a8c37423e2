// Chooses the inference kernels at run time.
#include "CFlowKernels.h"

extern const cflow_inference cflow_inference_portable;
#if defined(__x86_64__)
extern const cflow_inference cflow_inference_avx2;
extern const cflow_inference cflow_inference_avx512;
#elif defined(__aarch64__)
extern const cflow_inference cflow_inference_neon;
#endif

const cflow_inference *cflow_inference_at(int32_t level) {
    switch (level) {
    case CFLOW_INFERENCE_PORTABLE: return &cflow_inference_portable;
#if defined(__x86_64__)
    case CFLOW_INFERENCE_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")
                   ? &cflow_inference_avx2 : NULL;
    case CFLOW_INFERENCE_AVX512:
        return cflow_level_available(CFLOW_AVX512_VNNI) && cflow_inference_at(CFLOW_INFERENCE_AVX2) ? &cflow_inference_avx512 : NULL;
#elif defined(__aarch64__)
    case CFLOW_INFERENCE_NEON: return &cflow_inference_neon;
#endif
    default: return NULL;
    }
}

const cflow_inference *cflow_inference_best(void) {
    for (int32_t level = CFLOW_INFERENCE_LEVELS - 1; level > 0; level--) {
        const cflow_inference *kernels = cflow_inference_at(level);
        if (kernels) return kernels;
    }
    return &cflow_inference_portable;
}
