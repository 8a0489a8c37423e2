// The exact integer product on groups of four 8-bit values, for instructions that add four byte products to 32 bits without saturating:
// vpdpbusd (AVX-512 VNNI, unsigned by signed) and sdot (NEON, signed by signed). For the former B is shifted by 128 to be unsigned, so each sum is too large by
// 128 · Σ a, which the corrections take off; all of it modulo 2^32, and the true sum fits. Included once for each kernel; no include guard.
//
// Before inclusion define
//   CFLOW_NAME(x), CFLOW_MR, CFLOW_BLOCK
//   CFLOW_VECTORS   vectors of 16 sums in a row of a register block, 1 or 2
//   CFLOW_SHIFT   0x80 where the instruction takes B unsigned, else 0
//   cflow_sums, cflow_floats   vectors of 16 numbers
//   cflow_dot(sums, b, a)   on 16 groups of four bytes

enum { CFLOW_NR = 16 * CFLOW_VECTORS, CFLOW_KU = 4 };
typedef int8_t cflow_a_t;
typedef uint8_t cflow_b_t;

// MARK: Packing

typedef uint8_t CFLOW_NAME(bytes) __attribute__((vector_size(16)));
typedef uint32_t CFLOW_NAME(words) __attribute__((vector_size(16)));
typedef uint8_t CFLOW_NAME(line) __attribute__((vector_size(64)));
typedef uint16_t CFLOW_NAME(pairs) __attribute__((vector_size(64)));
typedef uint64_t CFLOW_NAME(lanes) __attribute__((vector_size(64)));

/// Four contiguous values, `count` of them there, zeros behind.
static inline uint32_t CFLOW_NAME(group)(const int8_t *from, ptrdiff_t count) {
    uint32_t group = 0;
    if (count >= 4) memcpy(&group, from, 4);
    else memcpy(&group, from, (size_t)count);
    return group;
}

/// Σ of each group of four signed bytes, added to `sums`.
static inline cflow_sums CFLOW_NAME(group_sums)(cflow_sums sums, cflow_sums groups) {
    return cflow_dot(sums, (cflow_sums){0} + 0x01010101, groups);
}

/// Four lines of 64 bytes become 64 groups of four, those of each 16 columns in one vector. Instructions on bytes and pairs stay inside 128 bits
/// and leave 4 columns of each 16 in a vector; the last two steps transpose those parts.
static inline __attribute__((always_inline)) void CFLOW_NAME(interleave)(const CFLOW_NAME(line) x[4], cflow_sums out[4]) {
    typedef CFLOW_NAME(pairs) pairs;
    typedef CFLOW_NAME(lanes) lanes;
#define CFLOW_LOW8(a, b) \
    (pairs) __builtin_shufflevector(a, b, 0, 64, 1, 65, 2, 66, 3, 67, 4, 68, 5, 69, 6, 70, 7, 71, 16, 80, 17, 81, 18, 82, 19, 83, 20, 84, 21, \
                                    85, 22, 86, 23, 87, 32, 96, 33, 97, 34, 98, 35, 99, 36, 100, 37, 101, 38, 102, 39, 103, 48, 112, 49, 113, \
                                    50, 114, 51, 115, 52, 116, 53, 117, 54, 118, 55, 119)
#define CFLOW_HIGH8(a, b) \
    (pairs) __builtin_shufflevector(a, b, 8, 72, 9, 73, 10, 74, 11, 75, 12, 76, 13, 77, 14, 78, 15, 79, 24, 88, 25, 89, 26, 90, 27, 91, 28, 92, \
                                    29, 93, 30, 94, 31, 95, 40, 104, 41, 105, 42, 106, 43, 107, 44, 108, 45, 109, 46, 110, 47, 111, 56, 120, \
                                    57, 121, 58, 122, 59, 123, 60, 124, 61, 125, 62, 126, 63, 127)
#define CFLOW_LOW16(a, b) \
    (lanes) __builtin_shufflevector(a, b, 0, 32, 1, 33, 2, 34, 3, 35, 8, 40, 9, 41, 10, 42, 11, 43, 16, 48, 17, 49, 18, 50, 19, 51, 24, 56, 25, \
                                    57, 26, 58, 27, 59)
#define CFLOW_HIGH16(a, b) \
    (lanes) __builtin_shufflevector(a, b, 4, 36, 5, 37, 6, 38, 7, 39, 12, 44, 13, 45, 14, 46, 15, 47, 20, 52, 21, 53, 22, 54, 23, 55, 28, 60, \
                                    29, 61, 30, 62, 31, 63)
    pairs low01 = CFLOW_LOW8(x[0], x[1]), high01 = CFLOW_HIGH8(x[0], x[1]);
    pairs low23 = CFLOW_LOW8(x[2], x[3]), high23 = CFLOW_HIGH8(x[2], x[3]);
    lanes w0 = CFLOW_LOW16(low01, low23), w1 = CFLOW_HIGH16(low01, low23);
    lanes w2 = CFLOW_LOW16(high01, high23), w3 = CFLOW_HIGH16(high01, high23);
    lanes t0 = __builtin_shufflevector(w0, w1, 0, 1, 2, 3, 8, 9, 10, 11), t1 = __builtin_shufflevector(w0, w1, 4, 5, 6, 7, 12, 13, 14, 15);
    lanes t2 = __builtin_shufflevector(w2, w3, 0, 1, 2, 3, 8, 9, 10, 11), t3 = __builtin_shufflevector(w2, w3, 4, 5, 6, 7, 12, 13, 14, 15);
    out[0] = (cflow_sums)__builtin_shufflevector(t0, t2, 0, 1, 4, 5, 8, 9, 12, 13);
    out[1] = (cflow_sums)__builtin_shufflevector(t0, t2, 2, 3, 6, 7, 10, 11, 14, 15);
    out[2] = (cflow_sums)__builtin_shufflevector(t1, t3, 0, 1, 4, 5, 8, 9, 12, 13);
    out[3] = (cflow_sums)__builtin_shufflevector(t1, t3, 2, 3, 6, 7, 10, 11, 14, 15);
#undef CFLOW_LOW8
#undef CFLOW_HIGH8
#undef CFLOW_LOW16
#undef CFLOW_HIGH16
}

static void CFLOW_NAME(pack_a_lines)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int8_t *a,
                                     int32_t *corrections) {
    typedef int8_t few __attribute__((vector_size(16)));
    ptrdiff_t pitch = (kc + 3) / 4 * 4;
    for (ptrdiff_t r = 0; r < mc; r++) {
        const int8_t *line = (const int8_t *)p->a + cflow_a_row(p, ic + r) * p->a_stride + pc;
        int8_t *to = a + r * pitch;
        cflow_sums sums = {0};
        ptrdiff_t k = 0;
        for (; k + 64 <= kc; k += 64) {
            cflow_sums groups;
            memcpy(&groups, line + k, 64);
            memcpy(to + k, &groups, 64);
            if (CFLOW_SHIFT) sums = CFLOW_NAME(group_sums)(sums, groups);
        }
        for (; k + 16 <= kc; k += 16) {
            few values;
            memcpy(&values, line + k, 16);
            memcpy(to + k, &values, 16);
            if (CFLOW_SHIFT) sums += __builtin_convertvector(values, cflow_sums);
        }
        int32_t sum = 0;
        for (; k < kc; k++) sum += to[k] = line[k];
        for (; k < pitch; k++) to[k] = 0;
        if (CFLOW_SHIFT) corrections[r] = -128 * (sum + __builtin_reduce_add(sums));
    }
}

/// `count` bytes of contracted row k of A, zeros behind; only zeros where there is no such row.
static inline CFLOW_NAME(line) CFLOW_NAME(a_line)(const cflow_product *p, ptrdiff_t k, ptrdiff_t end, ptrdiff_t column, ptrdiff_t count) {
    CFLOW_NAME(line) line = {0};
    if (k >= end) return line;
    const int8_t *from = (const int8_t *)p->a + cflow_a_row(p, k) * p->a_stride + column;
    if (count >= 64) memcpy(&line, from, 64);
    else memcpy(&line, from, (size_t)count);
    return line;
}

/// Columns of A, four contracted rows side by side.
static void CFLOW_NAME(pack_a_columns)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int8_t *a,
                                       int32_t *corrections) {
    for (ptrdiff_t i = 0; i < mc; i += 64) {
        ptrdiff_t count = mc - i < 64 ? mc - i : 64;
        cflow_sums sums[4] = {{0}};
        for (ptrdiff_t u = 0; u < (kc + 3) / 4; u++) {
            CFLOW_NAME(line) lines[4];
            for (ptrdiff_t j = 0; j < 4; j++) lines[j] = CFLOW_NAME(a_line)(p, pc + 4 * u + j, pc + kc, ic + i, count);
            cflow_sums groups[4];
            CFLOW_NAME(interleave)(lines, groups);
            if (CFLOW_SHIFT) {
                for (int part = 0; part < 4; part++) sums[part] = CFLOW_NAME(group_sums)(sums[part], groups[part]);
            }
            memcpy(a + (u * mc + i) * 4, groups, (size_t)count * 4);
        }
        if (CFLOW_SHIFT) {
            int32_t numbers[64];
            memcpy(numbers, sums, sizeof numbers);
            for (ptrdiff_t c = 0; c < count; c++) corrections[i + c] = -128 * numbers[c];
        }
    }
}

static void CFLOW_NAME(pack_a_block)(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int8_t *a,
                                     int32_t *corrections) {
    if (p->layout == CFLOW_TN) CFLOW_NAME(pack_a_columns)(p, ic, mc, pc, kc, a, corrections);
    else CFLOW_NAME(pack_a_lines)(p, ic, mc, pc, kc, a, corrections);
}

/// Lines with contiguous contracted values: blocks of 4 lines × 4 groups are transposed in registers.
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

/// A panel's bytes of contracted row k of B, zeros behind its columns; only zeros where there is no such row.
static inline void CFLOW_NAME(b_line)(const cflow_product *p, ptrdiff_t k, ptrdiff_t end, ptrdiff_t column, ptrdiff_t columns,
                                      uint8_t line[CFLOW_NR]) {
    if (k < end) {
        const int8_t *from = (const int8_t *)p->b + cflow_b_row(p, k) * p->b_stride + column;
        if (columns == CFLOW_NR) {
            memcpy(line, from, CFLOW_NR);
            return;
        }
        memset(line, 0, CFLOW_NR);
        memcpy(line, from, (size_t)columns);
    } else memset(line, 0, CFLOW_NR);
}

/// Four contracted rows at a time: their bytes side by side, in the order of the columns. A vector holds the lines of several units.
static void CFLOW_NAME(pack_b_columns)(uint8_t *dst, ptrdiff_t columns, const cflow_product *p, ptrdiff_t column, ptrdiff_t k,
                                       ptrdiff_t length) {
    enum { UNITS = 64 / CFLOW_NR };
    for (ptrdiff_t u = 0; 4 * u < length; u += UNITS) {
        union {
            CFLOW_NAME(line) whole[4];
            uint8_t parts[4][UNITS][CFLOW_NR];
        } x;
        for (ptrdiff_t unit = 0; unit < UNITS; unit++) {
            for (ptrdiff_t i = 0; i < 4; i++) CFLOW_NAME(b_line)(p, k + 4 * (u + unit) + i, k + length, column, columns, x.parts[i][unit]);
        }
        for (int i = 0; i < 4; i++) x.whole[i] ^= CFLOW_SHIFT;
        cflow_sums groups[4];
        CFLOW_NAME(interleave)(x.whole, groups);
        memcpy(dst + u * CFLOW_NR * 4, groups, 256);
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
    // Each loop over rows and vectors is unrolled, or the sums would go through memory.
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        cflow_sums correction = {0};
        if (CFLOW_SHIFT) correction += corrections[r];
#pragma clang loop unroll(full)
        for (int v = 0; v < CFLOW_VECTORS; v++) sums[r][v] = correction;
    }
    if (!first) {
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
            for (int v = 0; v < CFLOW_VECTORS; v++) {
                cflow_sums before;
                memcpy(&before, (const char *)out + r * stride * 4 + 64 * v, 64);
                sums[r][v] += before;
            }
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
    if (last) {
        cflow_floats factors[CFLOW_VECTORS];
        memcpy(factors, column_factors, sizeof factors);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
            for (int v = 0; v < CFLOW_VECTORS; v++) {
                sums[r][v] = (cflow_sums)(__builtin_convertvector(sums[r][v], cflow_floats) * (factors[v] * row_factors[r]));
            }
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < CFLOW_VECTORS; v++) memcpy((char *)out + r * stride * 4 + 64 * v, &sums[r][v], 64);
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
