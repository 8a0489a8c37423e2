// The canonical pointwise operations compiled for AVX-512. Its target includes fused multiply-add, so contraction must be off here.
#pragma STDC FP_CONTRACT OFF

#include "CFlowKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
#define CFLOW_SIGN_BITS(x) \
    ((uint32_t)_mm256_movemask_ps((__m256)__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7)) | \
     (uint32_t)_mm256_movemask_ps((__m256)__builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15)) << 8)
#define CFLOW_NAME(x) cflow_##x##_avx512
#include "pointwise_body.h"
#pragma clang attribute pop
#endif
