// The exact integer product for AVX-512 VNNI: vpdpbusd on groups of four bytes. Wider values than 8 bits go to the AVX2 kernel.
#pragma STDC FP_CONTRACT OFF

#include "product.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang diagnostic ignored "-Wpsabi"

typedef int32_t cflow_sums __attribute__((vector_size(64)));
typedef float cflow_floats __attribute__((vector_size(64)));

#pragma clang attribute push(__attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))), apply_to = function)

#define CFLOW_NAME(x) cflow_##x##_vnni
#define CFLOW_VECTORS 2
#define CFLOW_SHIFT 0x80
enum { CFLOW_MR = 8, CFLOW_BLOCK = 128 };

static inline __attribute__((always_inline)) cflow_sums cflow_dot(cflow_sums sum, cflow_sums b, cflow_sums a) {
    return (cflow_sums)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)b, (__m512i)a);
}

#include "product_groups.h"

void cflow_multiply_avx512(const cflow_product *product, void *scratch) {
    if (product->wide) cflow_multiply_avx2(product, scratch);
    else cflow_multiply_vnni(product, scratch);
}

#pragma clang attribute pop

#else
void cflow_multiply_avx512(const cflow_product *product, void *scratch) { cflow_multiply_portable(product, scratch); }
#endif
