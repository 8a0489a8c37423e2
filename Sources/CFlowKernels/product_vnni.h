// The exact integer product on groups of four 8-bit values, for an instruction that multiplies unsigned by signed bytes and adds four products
// to 32 bits without saturating. B is shifted by 128 to be unsigned, so each sum is too large by 128 · Σ a, which the corrections take off;
// all of it modulo 2^32, and the true sum fits. Included once with the instruction and once with it written out; no include guard.
//
// Before inclusion define CFLOW_NAME and cflow_dot(sum, unsigned_bytes, signed_bytes) on vectors of 16 × 32 bits.

enum { CFLOW_MR = 8, CFLOW_NR = 32, CFLOW_KU = 4 };
typedef int8_t cflow_a_t;
typedef uint8_t cflow_b_t;

/// Four values of A at output row m from contracted index k, `count` of them valid.
static inline uint32_t CFLOW_NAME(a_group)(const cflow_product *p, ptrdiff_t m, ptrdiff_t k, ptrdiff_t count) {
    uint32_t group = 0;
    const int8_t *a = p->a;
    if (p->layout != CFLOW_TN) {
        const int8_t *from = a + cflow_a_row(p, m) * p->a_stride + k;
        if (count >= 4) memcpy(&group, from, 4);
        else memcpy(&group, from, (size_t)count);
        return group;
    }
    for (ptrdiff_t i = 0; i < count && i < 4; i++) {
        group |= (uint32_t)(uint8_t)a[cflow_a_row(p, k + i) * p->a_stride + m] << (8 * i);
    }
    return group;
}

static inline int32_t CFLOW_NAME(group_sum)(uint32_t group) {
    return (int8_t)(group & 0xFF) + (int8_t)(group >> 8 & 0xFF) + (int8_t)(group >> 16 & 0xFF) + (int8_t)(group >> 24);
}

static void CFLOW_NAME(pack_a)(int8_t *dst, ptrdiff_t rows, const cflow_product *p, ptrdiff_t row, ptrdiff_t k, ptrdiff_t length,
                               int32_t *corrections) {
    ptrdiff_t units = (length + 3) / 4;
    for (ptrdiff_t r = 0; r < rows; r++) {
        int32_t sum = 0;
        for (ptrdiff_t u = 0; u < units; u++) {
            uint32_t group = CFLOW_NAME(a_group)(p, row + r, k + 4 * u, length - 4 * u);
            memcpy(dst + (u * rows + r) * 4, &group, 4);
            sum += CFLOW_NAME(group_sum)(group);
        }
        corrections[r] = -128 * sum;
    }
}

static void CFLOW_NAME(pack_a_block)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int8_t *a,
                                     int32_t *corrections) {
    ptrdiff_t panels = (mc + CFLOW_MR - 1) / CFLOW_MR;
    for (ptrdiff_t panel = 0; panel < panels; panel++) {
        ptrdiff_t from = mc * panel / panels, to = mc * (panel + 1) / panels;
        CFLOW_NAME(pack_a)(a + from * ((kc + 3) / 4 * 4), to - from, p, ic + from, pc, kc, corrections + from);
    }
}

static void CFLOW_NAME(pack_b)(uint8_t *dst, ptrdiff_t columns, const cflow_product *p, ptrdiff_t column, ptrdiff_t k, ptrdiff_t length,
                               int part) {
    (void)part;
    ptrdiff_t units = (length + 3) / 4;
    const int8_t *b = p->b;
    if (p->layout == CFLOW_NT) {
        for (ptrdiff_t c = 0; c < CFLOW_NR; c++) {
            const int8_t *from = c < columns ? b + cflow_b_row(p, column + c) * p->b_stride + k : NULL;
            for (ptrdiff_t u = 0; u < units; u++) {
                // Padding meets zeros of A, so any value does.
                uint32_t group = 0;
                if (from) {
                    if (length - 4 * u >= 4) memcpy(&group, from + 4 * u, 4);
                    else memcpy(&group, from + 4 * u, (size_t)(length - 4 * u));
                }
                group ^= 0x80808080u;
                memcpy(dst + (u * CFLOW_NR + c) * 4, &group, 4);
            }
        }
        return;
    }
    typedef uint8_t cflow_v32 __attribute__((vector_size(32)));
    for (ptrdiff_t u = 0; u < units; u++) {
        cflow_v32 line[4];
        for (ptrdiff_t i = 0; i < 4; i++) {
            cflow_v32 values = {0};
            if (4 * u + i < length) {
                const int8_t *from = b + cflow_b_row(p, k + 4 * u + i) * p->b_stride + column;
                if (columns == CFLOW_NR) memcpy(&values, from, CFLOW_NR);
                else memcpy(&values, from, (size_t)columns);
            }
            line[i] = values ^ 0x80;
        }
        // Bytes of four lines side by side, in the order of the columns.
        cflow_v32 low01 = __builtin_shufflevector(line[0], line[1], 0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 8, 40, 9,
                                                  41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47);
        cflow_v32 high01 = __builtin_shufflevector(line[0], line[1], 16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55,
                                                   24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63);
        cflow_v32 low23 = __builtin_shufflevector(line[2], line[3], 0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 8, 40, 9,
                                                  41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47);
        cflow_v32 high23 = __builtin_shufflevector(line[2], line[3], 16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55,
                                                   24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63);
        typedef uint16_t cflow_v16 __attribute__((vector_size(32)));
        cflow_v16 x[2] = {(cflow_v16)low01, (cflow_v16)high01}, y[2] = {(cflow_v16)low23, (cflow_v16)high23};
        for (int half = 0; half < 2; half++) {
            cflow_v16 first = __builtin_shufflevector(x[half], y[half], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            cflow_v16 second = __builtin_shufflevector(x[half], y[half], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            memcpy(dst + u * CFLOW_NR * 4 + half * 64, &first, 32);
            memcpy(dst + u * CFLOW_NR * 4 + half * 64 + 32, &second, 32);
        }
    }
}

static inline __attribute__((always_inline)) void CFLOW_NAME(micro_rows)(const int rows, ptrdiff_t units, const int8_t *a,
                                                                         const uint8_t *b, const int32_t *corrections, int first,
                                                                         int last, const float *row_factors, const float *column_factors,
                                                                         void *out, ptrdiff_t stride) {
    cflow_sums left[8], right[8];
    for (int r = 0; r < rows; r++) {
        cflow_sums start0 = {0}, start1 = {0};
        if (!first) {
            memcpy(&start0, (const char *)out + r * stride * 4, 64);
            memcpy(&start1, (const char *)out + r * stride * 4 + 64, 64);
        }
        left[r] = start0 + corrections[r];
        right[r] = start1 + corrections[r];
    }
    for (ptrdiff_t u = 0; u < units; u++) {
        cflow_sums b0, b1;
        memcpy(&b0, b, 64);
        memcpy(&b1, b + 64, 64);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            int32_t group;
            memcpy(&group, a + 4 * r, 4);
            cflow_sums value = (cflow_sums){0} + group;
            left[r] = cflow_dot(left[r], b0, value);
            right[r] = cflow_dot(right[r], b1, value);
        }
        a += 4 * rows;
        b += 128;
    }
    cflow_floats f0, f1;
    memcpy(&f0, column_factors, 64);
    memcpy(&f1, column_factors + 16, 64);
    for (int r = 0; r < rows; r++) {
        if (last) {
            left[r] = (cflow_sums)(__builtin_convertvector(left[r], cflow_floats) * (f0 * row_factors[r]));
            right[r] = (cflow_sums)(__builtin_convertvector(right[r], cflow_floats) * (f1 * row_factors[r]));
        }
        memcpy((char *)out + r * stride * 4, &left[r], 64);
        memcpy((char *)out + r * stride * 4 + 64, &right[r], 64);
    }
}

static void CFLOW_NAME(micro)(int rows, ptrdiff_t units, const int8_t *a, const uint8_t *b, const int32_t *corrections, int first, int last,
                              const float *row_factors, const float *column_factors, void *out, ptrdiff_t stride) {
#define CFLOW_ROWS(count) \
    case count: CFLOW_NAME(micro_rows)(count, units, a, b, corrections, first, last, row_factors, column_factors, out, stride); break;
    switch (rows) {
        CFLOW_ROWS(1)
        CFLOW_ROWS(2)
        CFLOW_ROWS(3)
        CFLOW_ROWS(4)
        CFLOW_ROWS(5)
        CFLOW_ROWS(6)
        CFLOW_ROWS(7)
        CFLOW_ROWS(8)
    }
#undef CFLOW_ROWS
}

#define CFLOW_NARROW_ONLY
#include "product_driver.h"
