// The canonical pointwise operations compiled for AVX-512. Its target includes fused multiply-add, so contraction must be off here.
#pragma STDC FP_CONTRACT OFF

#include "CFlowKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
#define CFLOW_SIGN_BITS(x) ((uint32_t)_mm512_movepi32_mask((__m512i)(x)))
#define CFLOW_FIRST(count) ((__mmask16)((1u << (count)) - 1))
#define CFLOW_LOAD_PART(p, count, padding) ((cflow_v_avx512)_mm512_mask_loadu_ps((__m512)(padding), CFLOW_FIRST(count), p))
#define CFLOW_STORE_PART(p, x, count) _mm512_mask_storeu_ps(p, CFLOW_FIRST(count), (__m512)(x))
#define CFLOW_NAME(x) cflow_##x##_avx512
#include "pointwise_body.h"
#pragma clang attribute pop
#endif
