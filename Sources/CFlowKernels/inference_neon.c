// The inference kernels for 64-bit ARM. Fused multiply-add is asked for where it is wanted and nowhere else.
#pragma STDC FP_CONTRACT OFF

#include "inference.h"

#if defined(__aarch64__)
#include <arm_neon.h>

INLINE v8f fused(v8f a, v8f b, v8f c) { return __builtin_elementwise_fma(a, b, c); }
INLINE v8f exactly(v8f a, v8f b, v8f c) { return fused(a, b, c); }

INLINE v8i products(v16s w, v16s x, v8i sum) {
    int16x8_t w0 = (int16x8_t)__builtin_shufflevector(w, w, 0, 1, 2, 3, 4, 5, 6, 7);
    int16x8_t w1 = (int16x8_t)__builtin_shufflevector(w, w, 8, 9, 10, 11, 12, 13, 14, 15);
    int16x8_t x0 = (int16x8_t)__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7);
    int16x8_t x1 = (int16x8_t)__builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
    int32x4_t low = (int32x4_t)__builtin_shufflevector(sum, sum, 0, 1, 2, 3);
    int32x4_t high = (int32x4_t)__builtin_shufflevector(sum, sum, 4, 5, 6, 7);
    low = vmlal_s16(vmlal_s16(low, vget_low_s16(w0), vget_low_s16(x0)), vget_low_s16(w1), vget_low_s16(x1));
    high = vmlal_high_s16(vmlal_high_s16(high, w0, x0), w1, x1);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}

INLINE v8f from_half_vector(float16x8_t v) {
    return __builtin_shufflevector(vcvt_f32_f16(vget_low_f16(v)), vcvt_high_f32_f16(v), 0, 1, 2, 3, 4, 5, 6, 7);
}

INLINE v8f from_half(const uint8_t *p) { return from_half_vector(vreinterpretq_f16_u8(vld1q_u8(p))); }
INLINE v8f from_half_all(uint16_t bits) { return from_half_vector(vreinterpretq_f16_u16(vdupq_n_u16(bits))); }
INLINE v8h to_half(v8f v) {
    float32x4_t low = __builtin_shufflevector(v, v, 0, 1, 2, 3), high = __builtin_shufflevector(v, v, 4, 5, 6, 7);
    return (v8h)vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32(low), high));
}

#define CFLOW_NAME cflow_inference_neon
#include "inference_body.h"
#endif
