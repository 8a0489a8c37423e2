// The inference kernels with the 16-bit products of AVX-512 VNNI. Fused multiply-add is asked for where it is wanted and nowhere else.
#pragma STDC FP_CONTRACT OFF

#include "inference.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))), apply_to = function)

INLINE v8f fused(v8f a, v8f b, v8f c) { return _mm256_fmadd_ps(a, b, c); }
INLINE v8f exactly(v8f a, v8f b, v8f c) { return fused(a, b, c); }
INLINE v8i products(v16s w, v16s x, v8i sum) { return (v8i)_mm256_dpwssd_epi32((__m256i)sum, (__m256i)w, (__m256i)x); }
INLINE v8f from_half(const uint8_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINE v8f from_half_all(uint16_t bits) { return _mm256_cvtph_ps(_mm_set1_epi16((int16_t)bits)); }
INLINE v8h to_half(v8f v) { return (v8h)_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }

#define CFLOW_NAME cflow_inference_avx512
#include "inference_body.h"
#pragma clang attribute pop
#endif
