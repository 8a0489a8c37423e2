// The exact integer product on groups of four 8-bit values, for instructions that add four byte products to 32 bits without saturating:
// vpdpbusd (AVX-512 VNNI, unsigned by signed) and sdot (NEON, signed by signed). For the former B is shifted by 128 to be unsigned, so each sum is too large by
// 128 · Σ a, which the corrections take off; all of it modulo 2^32, and the true sum fits. Included once for each kernel; no include guard.
//
// Before inclusion define
//   CFLOW_NAME(x), CFLOW_MR
//   CFLOW_VECTORS   vectors of 16 sums in a row of a register block, 1 or 2
//   CFLOW_SHIFT   0x80 where the instruction takes B unsigned, else 0
//   cflow_sums, cflow_floats   vectors of 16 numbers
//   cflow_dot(sums, b, a)   on 16 groups of four bytes

enum { CFLOW_NR = 16 * CFLOW_VECTORS, CFLOW_KU = 4 };
typedef int8_t cflow_a_t;
typedef uint8_t cflow_b_t;

// MARK: Packing

static inline int32_t CFLOW_NAME(group_sum)(uint32_t group) {
    return (int8_t)(group & 0xFF) + (int8_t)(group >> 8 & 0xFF) + (int8_t)(group >> 16 & 0xFF) + (int8_t)(group >> 24);
}

/// Four contiguous values, `count` of them there, zeros behind.
static inline uint32_t CFLOW_NAME(group)(const int8_t *from, ptrdiff_t count) {
    uint32_t group = 0;
    if (count >= 4) memcpy(&group, from, 4);
    else memcpy(&group, from, (size_t)count);
    return group;
}

static void CFLOW_NAME(pack_a_lines)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int8_t *a,
                                     int32_t *corrections) {
    ptrdiff_t pitch = (kc + 3) / 4 * 4;
    for (ptrdiff_t r = 0; r < mc; r++) {
        const int8_t *line = (const int8_t *)p->a + cflow_a_row(p, ic + r) * p->a_stride + pc;
        int32_t sum = 0;
        if (CFLOW_SHIFT) {
            for (ptrdiff_t k = 0; k < kc; k++) sum += line[k];
        }
        memcpy(a + r * pitch, line, (size_t)kc);
        memset(a + r * pitch + kc, 0, (size_t)(pitch - kc));
        corrections[r] = -128 * sum;
    }
}

/// Columns of A, four contracted rows side by side.
static void CFLOW_NAME(pack_a_columns)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int8_t *a,
                                       int32_t *corrections) {
    int32_t sums[CFLOW_MC];
    uint32_t groups[CFLOW_MC];
    static const int8_t zeros[CFLOW_MC];
    for (ptrdiff_t i = 0; i < mc; i++) sums[i] = 0;
    for (ptrdiff_t u = 0; u < (kc + 3) / 4; u++) {
        const uint8_t *line[4];
        for (ptrdiff_t i = 0; i < 4; i++) {
            ptrdiff_t k = 4 * u + i;
            line[i] = (const uint8_t *)(k < kc ? (const int8_t *)p->a + cflow_a_row(p, pc + k) * p->a_stride + ic : zeros);
        }
        for (ptrdiff_t i = 0; i < mc; i++) {
            groups[i] = (uint32_t)line[0][i] | (uint32_t)line[1][i] << 8 | (uint32_t)line[2][i] << 16 | (uint32_t)line[3][i] << 24;
        }
        if (CFLOW_SHIFT) {
            for (ptrdiff_t i = 0; i < mc; i++) sums[i] += CFLOW_NAME(group_sum)(groups[i]);
        }
        memcpy(a + u * mc * 4, groups, (size_t)mc * 4);
    }
    for (ptrdiff_t i = 0; i < mc; i++) corrections[i] = -128 * sums[i];
}

static void CFLOW_NAME(pack_a_block)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int8_t *a,
                                     int32_t *corrections) {
    if (p->layout == CFLOW_TN) CFLOW_NAME(pack_a_columns)(p, ic, mc, pc, kc, a, corrections);
    else CFLOW_NAME(pack_a_lines)(p, ic, mc, pc, kc, a, corrections);
}

typedef uint8_t CFLOW_NAME(bytes) __attribute__((vector_size(16)));
typedef uint32_t CFLOW_NAME(words) __attribute__((vector_size(16)));

/// Sixteen lines with contiguous contracted values: blocks of 4 lines × 4 groups are transposed in registers.
static void CFLOW_NAME(pack_b_lines)(uint8_t *dst, ptrdiff_t columns, const cflow_product *p, ptrdiff_t column, ptrdiff_t k,
                                     ptrdiff_t length) {
    typedef CFLOW_NAME(words) words;
    for (ptrdiff_t c = 0; c < CFLOW_NR; c += 4) {
        const int8_t *line[4];
        for (ptrdiff_t i = 0; i < 4; i++) {
            // A missing line repeats the last: what it gives is dropped.
            ptrdiff_t there = c + i < columns ? c + i : columns - 1;
            line[i] = (const int8_t *)p->b + cflow_b_row(p, column + there) * p->b_stride + k;
        }
        ptrdiff_t u = 0;
        for (; 4 * u + 16 <= length; u += 4) {
            words v[4];
            for (int i = 0; i < 4; i++) {
                memcpy(&v[i], line[i] + 4 * u, 16);
                v[i] = (words)((CFLOW_NAME(bytes))v[i] ^ CFLOW_SHIFT);
            }
            words t0 = __builtin_shufflevector(v[0], v[1], 0, 4, 1, 5), t1 = __builtin_shufflevector(v[0], v[1], 2, 6, 3, 7);
            words t2 = __builtin_shufflevector(v[2], v[3], 0, 4, 1, 5), t3 = __builtin_shufflevector(v[2], v[3], 2, 6, 3, 7);
            words out[4] = {
                __builtin_shufflevector(t0, t2, 0, 1, 4, 5), __builtin_shufflevector(t0, t2, 2, 3, 6, 7),
                __builtin_shufflevector(t1, t3, 0, 1, 4, 5), __builtin_shufflevector(t1, t3, 2, 3, 6, 7)};
            for (int i = 0; i < 4; i++) memcpy(dst + ((u + i) * CFLOW_NR + c) * 4, &out[i], 16);
        }
        for (; 4 * u < length; u++) {
            for (ptrdiff_t i = 0; i < 4; i++) {
                // Padding behind the last value meets zeros of A, so any number does.
                uint32_t group = CFLOW_NAME(group)(line[i] + 4 * u, length - 4 * u) ^ (0x01010101u * CFLOW_SHIFT);
                memcpy(dst + (u * CFLOW_NR + c + i) * 4, &group, 4);
            }
        }
    }
}

/// Four contracted rows at a time: their bytes side by side, in the order of the columns.
static void CFLOW_NAME(pack_b_columns)(uint8_t *dst, ptrdiff_t columns, const cflow_product *p, ptrdiff_t column, ptrdiff_t k,
                                       ptrdiff_t length) {
    typedef CFLOW_NAME(bytes) bytes;
    typedef uint16_t halves __attribute__((vector_size(16)));
    for (ptrdiff_t u = 0; 4 * u < length; u++) {
        for (ptrdiff_t c = 0; c < CFLOW_NR; c += 16) {
            ptrdiff_t count = columns - c < 16 ? columns - c : 16;
            bytes line[4];
            for (ptrdiff_t i = 0; i < 4; i++) {
                line[i] = (bytes){0};
                if (count <= 0 || 4 * u + i >= length) continue;
                const int8_t *from = (const int8_t *)p->b + cflow_b_row(p, k + 4 * u + i) * p->b_stride + column + c;
                if (count == 16) memcpy(&line[i], from, 16);
                else memcpy(&line[i], from, (size_t)count);
            }
            halves low01 = (halves)__builtin_shufflevector(line[0], line[1], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            halves high01 =
                (halves)__builtin_shufflevector(line[0], line[1], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            halves low23 = (halves)__builtin_shufflevector(line[2], line[3], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            halves high23 =
                (halves)__builtin_shufflevector(line[2], line[3], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            halves out[4] = {
                __builtin_shufflevector(low01, low23, 0, 8, 1, 9, 2, 10, 3, 11),
                __builtin_shufflevector(low01, low23, 4, 12, 5, 13, 6, 14, 7, 15),
                __builtin_shufflevector(high01, high23, 0, 8, 1, 9, 2, 10, 3, 11),
                __builtin_shufflevector(high01, high23, 4, 12, 5, 13, 6, 14, 7, 15)};
            for (int i = 0; i < 4; i++) {
                bytes shifted = (bytes)out[i] ^ CFLOW_SHIFT;
                memcpy(dst + (u * CFLOW_NR + c + 4 * i) * 4, &shifted, 16);
            }
        }
    }
}

static void CFLOW_NAME(pack_b)(uint8_t *dst, ptrdiff_t columns, const cflow_product *p, ptrdiff_t column, ptrdiff_t k, ptrdiff_t length,
                               int part) {
    (void)part;
    if (p->layout == CFLOW_NT) CFLOW_NAME(pack_b_lines)(dst, columns, p, column, k, length);
    else CFLOW_NAME(pack_b_columns)(dst, columns, p, column, k, length);
}

// MARK: Register block

static inline __attribute__((always_inline)) void CFLOW_NAME(micro_rows)(const int rows, ptrdiff_t units, const int8_t *a,
                                                                         ptrdiff_t a_row, ptrdiff_t a_unit, const uint8_t *b,
                                                                         const int32_t *corrections, int first, int last,
                                                                         const float *row_factors, const float *column_factors, void *out,
                                                                         ptrdiff_t stride) {
    cflow_sums sums[CFLOW_MR][CFLOW_VECTORS];
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < CFLOW_VECTORS; v++) {
            cflow_sums start = {0};
            if (!first) memcpy(&start, (const char *)out + r * stride * 4 + 64 * v, 64);
            sums[r][v] = CFLOW_SHIFT ? start + corrections[r] : start;
        }
    }
    for (ptrdiff_t u = 0; u < units; u++) {
        cflow_sums values[CFLOW_VECTORS];
        for (int v = 0; v < CFLOW_VECTORS; v++) memcpy(&values[v], b + 64 * v, 64);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            int32_t group;
            memcpy(&group, a + r * a_row, 4);
#pragma clang loop unroll(full)
            for (int v = 0; v < CFLOW_VECTORS; v++) sums[r][v] = cflow_dot(sums[r][v], values[v], (cflow_sums){0} + group);
        }
        a += a_unit;
        b += 64 * CFLOW_VECTORS;
    }
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < CFLOW_VECTORS; v++) {
            if (last) {
                cflow_floats factors;
                memcpy(&factors, column_factors + 16 * v, 64);
                sums[r][v] = (cflow_sums)(__builtin_convertvector(sums[r][v], cflow_floats) * (factors * row_factors[r]));
            }
            memcpy((char *)out + r * stride * 4 + 64 * v, &sums[r][v], 64);
        }
    }
}

static void CFLOW_NAME(micro)(int rows, ptrdiff_t units, const int8_t *a, ptrdiff_t a_row, ptrdiff_t a_unit, const uint8_t *b,
                              const int32_t *corrections, int first, int last, const float *row_factors, const float *column_factors,
                              void *out, ptrdiff_t stride) {
#define CFLOW_ROWS(count) \
    case count: \
        if (count <= CFLOW_MR) { \
            CFLOW_NAME(micro_rows)(count <= CFLOW_MR ? count : 1, units, a, a_row, a_unit, b, corrections, first, last, row_factors, \
                                   column_factors, out, stride); \
        } \
        break;
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
