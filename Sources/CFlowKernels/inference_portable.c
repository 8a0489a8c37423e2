// The inference kernels without any special instructions.
#pragma STDC FP_CONTRACT OFF

#include "inference.h"

typedef int32_t v16i __attribute__((vector_size(64)));
typedef double v8d __attribute__((vector_size(64)));
typedef int64_t v8l __attribute__((vector_size(64)));

INLINE v8f fused(v8f a, v8f b, v8f c) { return a * b + c; }

/// The product is exact in binary64. The sum is rounded there to an odd last bit, which keeps the second rounding from going astray.
INLINE v8f exactly(v8f a, v8f b, v8f c) {
    v8d p = __builtin_convertvector(a, v8d) * __builtin_convertvector(b, v8d), q = __builtin_convertvector(c, v8d);
    v8d s = p + q, back = s - p;
    v8d error = (p - (s - back)) + (q - back);
    v8l bits = (v8l)s;
    v8l away = ((v8l)(error > 0) ^ (bits >> 63)) | 1;
    // Away from zero when the error has the sum's sign, towards it otherwise.
    v8l odd = bits + ((error > 0 | error < 0) & ~-(bits & 1) & -away);
    return __builtin_convertvector((v8d)odd, v8f);
}

INLINE v8i products(v16s w, v16s x, v8i sum) {
    v16i p = __builtin_convertvector(w, v16i) * __builtin_convertvector(x, v16i);
    return sum + __builtin_shufflevector(p, p, 0, 2, 4, 6, 8, 10, 12, 14) + __builtin_shufflevector(p, p, 1, 3, 5, 7, 9, 11, 13, 15);
}

INLINE v8f from_half_bits(v8u bits) {
    v8u magnitude = (bits & 0x7FFFu) << 13;
    v8u scaled = (v8u)((v8f)magnitude * 0x1p112f);
    v8u special = (v8u)(magnitude >= 0x0F800000u);
    return (v8f)((special & (magnitude | 0x7F800000u)) | (~special & scaled) | (bits & 0x8000u) << 16);
}

INLINE v8f from_half(const uint8_t *p) { return from_half_bits(__builtin_convertvector(*(const v8h_anywhere *)p, v8u)); }
INLINE v8f from_half_all(uint16_t b) { return from_half_bits((v8u){b, b, b, b, b, b, b, b}); }
/// Scaled so that the exponents meet, numbers are rounded to the bits that binary16 keeps, half to even.
INLINE v8h to_half(v8f v) {
    v8u sign = (v8u)v & 0x80000000u;
    v8u size = (v8u)v ^ sign;
    // From 65,520 on the nearest is infinity.
    v8u special = (v8u)(size >= 0x477FF000u), undefined = (v8u)(size > 0x7F800000u);
    v8u bits = (v8u)((v8f)size * 0x1p-112f);
    bits = (bits + 0xFFFu + (bits >> 13 & 1u)) >> 13;
    // Below the normal range the scaling itself would round. Next to 0.5 the last bit counts 2^-24, as there.
    v8u small = (v8u)(size < 0x38800000u), next = (v8u)((v8f)size + 0.5f) - 0x3F000000u;
    bits = (small & next) | (~small & bits);
    bits = (special & (0x7C00u | (undefined & 0x0200u))) | (~special & bits);
    return __builtin_convertvector(bits | sign >> 16, v8h);
}

#define CFLOW_NAME cflow_inference_portable
#include "inference_body.h"
