// The exact integer product for 64-bit ARM with the dot product extension: sdot on groups of four signed bytes. Wider values than 8 bits go to
// the portable kernel.
#pragma STDC FP_CONTRACT OFF

#include "product.h"

#if defined(__aarch64__)
#include <arm_neon.h>

typedef int32_t cflow_sums __attribute__((vector_size(64)));
typedef float cflow_floats __attribute__((vector_size(64)));

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define CFLOW_NAME(x) cflow_##x##_neon
#define CFLOW_VECTORS 1
#define CFLOW_SHIFT 0
enum { CFLOW_MR = 6, CFLOW_BLOCK = 96 };

static inline __attribute__((always_inline)) cflow_sums cflow_dot(cflow_sums sum, cflow_sums b, cflow_sums a) {
#define CFLOW_QUARTER(i) \
    vdotq_s32(__builtin_shufflevector(sum, sum, 4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3), \
              (int8x16_t)__builtin_shufflevector(b, b, 4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3), \
              (int8x16_t)__builtin_shufflevector(a, a, 4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3))
    int32x4_t q0 = CFLOW_QUARTER(0), q1 = CFLOW_QUARTER(1), q2 = CFLOW_QUARTER(2), q3 = CFLOW_QUARTER(3);
#undef CFLOW_QUARTER
    typedef int32_t eight __attribute__((vector_size(32)));
    eight low = __builtin_shufflevector(q0, q1, 0, 1, 2, 3, 4, 5, 6, 7);
    eight high = __builtin_shufflevector(q2, q3, 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

#include "product_groups.h"

void cflow_multiply_neon_dot(const cflow_product *product, void *scratch) {
    if (product->wide) cflow_multiply_portable(product, scratch);
    else cflow_multiply_neon(product, scratch);
}

#pragma clang attribute pop

#else
void cflow_multiply_neon_dot(const cflow_product *product, void *scratch) { cflow_multiply_portable(product, scratch); }
#endif
