// The exact integer product for any processor. Pairs of contracted values lie side by side, for a multiply-add of 16-bit pairs: one instruction
// on every x86-64 (SSE2), two on NEON, plain loops elsewhere.
#pragma STDC FP_CONTRACT OFF

#include "product.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define CFLOW_NAME(x) cflow_##x##_portable
enum { CFLOW_MR = 4, CFLOW_NR = 8, CFLOW_KU = 2, CFLOW_BLOCK = 96 };
typedef int16_t cflow_a_t;
typedef int16_t cflow_b_t;

// MARK: Packing

static inline __attribute__((always_inline)) int32_t cflow_at(const void *base, ptrdiff_t index, const int wide) {
    return wide ? ((const int16_t *)base)[index] : ((const int8_t *)base)[index];
}

/// Lines whose contracted values are contiguous, to [unit][line][2] with `pitch` lines a unit.
static inline __attribute__((always_inline)) void cflow_lines(int16_t *dst, ptrdiff_t pitch, const void *base, const ptrdiff_t *offsets,
                                                              ptrdiff_t lines, ptrdiff_t length, int part, const int wide) {
    for (ptrdiff_t line = 0; line < lines; line++) {
        ptrdiff_t from = offsets[line];
        for (ptrdiff_t k = 0; k < length; k++) {
            dst[(k / 2 * pitch + line) * 2 + k % 2] = cflow_part(cflow_at(base, from + k, wide), part);
        }
        if (length % 2 != 0) dst[(length / 2 * pitch + line) * 2 + 1] = 0;
    }
}

/// Columns of contracted rows, to the same shape; row k starts at `offsets(k)`.
static inline __attribute__((always_inline)) void cflow_columns(int16_t *dst, ptrdiff_t pitch, const void *base, const int32_t *rows,
                                                                ptrdiff_t k0, ptrdiff_t stride, ptrdiff_t column, ptrdiff_t columns,
                                                                ptrdiff_t length, int part, const int wide) {
    for (ptrdiff_t k = 0; k < length; k++) {
        ptrdiff_t from = (rows ? rows[k0 + k] : k0 + k) * stride + column;
        int16_t *to = dst + k / 2 * pitch * 2 + k % 2;
        for (ptrdiff_t c = 0; c < columns; c++) to[c * 2] = cflow_part(cflow_at(base, from + c, wide), part);
    }
    if (length % 2 != 0) {
        for (ptrdiff_t c = 0; c < columns; c++) dst[(length / 2 * pitch + c) * 2 + 1] = 0;
    }
}

static void cflow_pack_a_block_portable(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int16_t *a,
                                        int32_t *corrections) {
    (void)corrections;
    if (p->layout == CFLOW_TN) {
        if (p->wide) cflow_columns(a, mc, p->a, p->a_rows, pc, p->a_stride, ic, mc, kc, 0, 1);
        else cflow_columns(a, mc, p->a, p->a_rows, pc, p->a_stride, ic, mc, kc, 0, 0);
        return;
    }
    for (ptrdiff_t r = 0; r < mc; r++) {
        ptrdiff_t from = cflow_a_row(p, ic + r) * p->a_stride + pc;
        int16_t *dst = a + r * ((kc + 1) / 2 * 2);
        if (p->wide) cflow_lines(dst, 1, p->a, &from, 1, kc, 0, 1);
        else cflow_lines(dst, 1, p->a, &from, 1, kc, 0, 0);
    }
}

static void cflow_pack_b_portable(int16_t *dst, ptrdiff_t columns, const cflow_product *p, ptrdiff_t column, ptrdiff_t k, ptrdiff_t length,
                                  int part) {
    if (columns < CFLOW_NR) memset(dst, 0, (size_t)((length + 1) / 2 * CFLOW_NR) * 4);
    if (p->layout != CFLOW_NT) {
        if (p->wide) cflow_columns(dst, CFLOW_NR, p->b, p->b_rows, k, p->b_stride, column, columns, length, part, 1);
        else cflow_columns(dst, CFLOW_NR, p->b, p->b_rows, k, p->b_stride, column, columns, length, 0, 0);
        return;
    }
    ptrdiff_t offsets[CFLOW_NR];
    for (ptrdiff_t c = 0; c < columns; c++) offsets[c] = cflow_b_row(p, column + c) * p->b_stride + k;
    if (p->wide) cflow_lines(dst, CFLOW_NR, p->b, offsets, columns, length, part, 1);
    else cflow_lines(dst, CFLOW_NR, p->b, offsets, columns, length, 0, 0);
}

// MARK: Register block

typedef int16_t cflow_pairs __attribute__((vector_size(16)));
typedef int16_t cflow_singles __attribute__((vector_size(8)));
typedef int32_t cflow_four __attribute__((vector_size(16)));
typedef float cflow_four_floats __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) cflow_four cflow_multiply_pairs(cflow_pairs a, cflow_pairs b) {
#if defined(__SSE2__)
    return (cflow_four)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    cflow_singles a0 = __builtin_shufflevector(a, a, 0, 2, 4, 6), a1 = __builtin_shufflevector(a, a, 1, 3, 5, 7);
    cflow_singles b0 = __builtin_shufflevector(b, b, 0, 2, 4, 6), b1 = __builtin_shufflevector(b, b, 1, 3, 5, 7);
    return __builtin_convertvector(a0, cflow_four) * __builtin_convertvector(b0, cflow_four) +
           __builtin_convertvector(a1, cflow_four) * __builtin_convertvector(b1, cflow_four);
#endif
}

static inline __attribute__((always_inline)) void cflow_rows_portable(const int rows, ptrdiff_t units, const int16_t *a,
                                                                      ptrdiff_t a_row, ptrdiff_t a_unit, const int16_t *b, int first,
                                                                      int last, const float *row_factors, const float *column_factors,
                                                                      void *out, ptrdiff_t stride) {
    cflow_four left[4], right[4];
    for (int r = 0; r < rows; r++) {
        left[r] = right[r] = (cflow_four){0};
        if (!first) {
            memcpy(&left[r], (const char *)out + r * stride * 4, 16);
            memcpy(&right[r], (const char *)out + r * stride * 4 + 16, 16);
        }
    }
    for (ptrdiff_t u = 0; u < units; u++) {
        cflow_pairs b0, b1;
        memcpy(&b0, b, 16);
        memcpy(&b1, b + 8, 16);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            int32_t pair;
            memcpy(&pair, a + r * a_row, 4);
            cflow_pairs value = (cflow_pairs)((cflow_four){0} + pair);
            left[r] += cflow_multiply_pairs(value, b0);
            right[r] += cflow_multiply_pairs(value, b1);
        }
        a += a_unit;
        b += 2 * CFLOW_NR;
    }
    cflow_four_floats f0, f1;
    memcpy(&f0, column_factors, 16);
    memcpy(&f1, column_factors + 4, 16);
    for (int r = 0; r < rows; r++) {
        if (last) {
            left[r] = (cflow_four)(__builtin_convertvector(left[r], cflow_four_floats) * (f0 * row_factors[r]));
            right[r] = (cflow_four)(__builtin_convertvector(right[r], cflow_four_floats) * (f1 * row_factors[r]));
        }
        memcpy((char *)out + r * stride * 4, &left[r], 16);
        memcpy((char *)out + r * stride * 4 + 16, &right[r], 16);
    }
}

static void cflow_micro_portable(int rows, ptrdiff_t units, const int16_t *a, ptrdiff_t a_row, ptrdiff_t a_unit, const int16_t *b,
                                 const int32_t *corrections, int first, int last, const float *row_factors, const float *column_factors,
                                 void *out, ptrdiff_t stride) {
    (void)corrections;
#define CFLOW_ROWS(count) cflow_rows_portable(count, units, a, a_row, a_unit, b, first, last, row_factors, column_factors, out, stride)
    switch (rows) {
    case 1: CFLOW_ROWS(1); break;
    case 2: CFLOW_ROWS(2); break;
    case 3: CFLOW_ROWS(3); break;
    default: CFLOW_ROWS(4); break;
    }
#undef CFLOW_ROWS
}

#include "product_driver.h"
