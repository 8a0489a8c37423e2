// The exact integer product for AVX2: vpmaddwd over pairs of 16-bit values, which cannot saturate (vpmaddubsw can, and is not used).
#pragma STDC FP_CONTRACT OFF

#include "product.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

#define CFLOW_NAME(x) cflow_##x##_avx2
enum { CFLOW_MR = 6, CFLOW_NR = 16, CFLOW_KU = 2, CFLOW_BLOCK = 96 };
typedef int16_t cflow_a_t;
typedef int16_t cflow_b_t;

// MARK: Packing

/// Sixteen values from memory as 16-bit numbers, `count` of them valid, zeros behind.
static inline __m256i cflow_load_values(const cflow_product *p, const void *base, ptrdiff_t index, ptrdiff_t count) {
    if (p->wide) {
        const int16_t *from = (const int16_t *)base + index;
        if (count >= 16) return _mm256_loadu_si256((const __m256i *)from);
        int16_t padded[16] = {0};
        memcpy(padded, from, (size_t)count * 2);
        return _mm256_loadu_si256((const __m256i *)padded);
    }
    const int8_t *from = (const int8_t *)base + index;
    if (count >= 16) return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)from));
    int8_t padded[16] = {0};
    memcpy(padded, from, (size_t)count);
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)padded));
}

static inline __m256i cflow_take_part(__m256i x, int part) {
    if (part == 0) return x;
    __m256i low = _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8);
    // The high part is computed before the subtraction could leave 16 bits: x >> 8, plus one where the low byte is negative.
    return part == 1 ? low : _mm256_sub_epi16(_mm256_srai_epi16(x, 8), _mm256_srai_epi16(low, 15));
}

/// Transposes 8 × 8 pairs: row r of the input becomes element r of each output.
static inline void cflow_transpose(__m256i v[8]) {
    __m256i t[8], u[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        u[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        u[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        u[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        u[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
        v[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
    }
}

/// Up to eight lines whose contracted values are contiguous, to [pair][line]; pairs are `pitch` values apart. Writes 32 bytes a pair, in ascending
/// order, so that what runs over is overwritten by the next.
static inline __attribute__((always_inline)) void cflow_pack_lines(int16_t *dst, ptrdiff_t pitch, const cflow_product *p, const void *base,
                                                                   const ptrdiff_t offsets[8], ptrdiff_t lines, ptrdiff_t length,
                                                                   int part) {
    ptrdiff_t k = 0;
    if (!p->wide) {
        // Missing lines repeat the first; what they give is overwritten or dropped.
        const int8_t *from[8];
        for (ptrdiff_t i = 0; i < 8; i++) from[i] = (const int8_t *)base + offsets[i < lines ? i : 0];
        for (; k + 16 <= length; k += 16) {
            __m256i v[8];
            for (int i = 0; i < 8; i++) v[i] = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(from[i] + k)));
            cflow_transpose(v);
            for (int pair = 0; pair < 8; pair++) _mm256_storeu_si256((__m256i *)(dst + (k / 2 + pair) * pitch), v[pair]);
        }
    }
    for (; k < length; k += 16) {
        ptrdiff_t count = length - k < 16 ? length - k : 16;
        __m256i v[8];
        for (ptrdiff_t i = 0; i < 8; i++) {
            v[i] = i < lines ? cflow_take_part(cflow_load_values(p, base, offsets[i] + k, count), part) : _mm256_setzero_si256();
        }
        cflow_transpose(v);
        for (ptrdiff_t pair = 0; pair < (count + 1) / 2; pair++) {
            _mm256_storeu_si256((__m256i *)(dst + (k / 2 + pair) * pitch), v[pair]);
        }
    }
}

/// Eight columns of two contracted rows as pairs: [column][2]. `second` may be absent.
static inline __m256i cflow_interleave(const cflow_product *p, const void *base, ptrdiff_t first, ptrdiff_t second, int has_second,
                                       ptrdiff_t columns) {
    if (p->wide) {
        int16_t x[8] = {0}, y[8] = {0};
        const int16_t *from = base;
        if (columns >= 8) {
            memcpy(x, from + first, 16);
            if (has_second) memcpy(y, from + second, 16);
        } else {
            memcpy(x, from + first, (size_t)columns * 2);
            if (has_second) memcpy(y, from + second, (size_t)columns * 2);
        }
        __m128i vx = _mm_loadu_si128((const __m128i *)x), vy = _mm_loadu_si128((const __m128i *)y);
        return _mm256_set_m128i(_mm_unpackhi_epi16(vx, vy), _mm_unpacklo_epi16(vx, vy));
    }
    int64_t x = 0, y = 0;
    const int8_t *from = base;
    if (columns >= 8) {
        memcpy(&x, from + first, 8);
        if (has_second) memcpy(&y, from + second, 8);
    } else {
        memcpy(&x, from + first, (size_t)columns);
        if (has_second) memcpy(&y, from + second, (size_t)columns);
    }
    return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(_mm_cvtsi64_si128(x), _mm_cvtsi64_si128(y)));
}

/// Rows of A as 16-bit numbers.
static void cflow_pack_a_lines_avx2(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int16_t *a) {
    ptrdiff_t pitch = (kc + 1) / 2 * 2;
    for (ptrdiff_t r = 0; r < mc; r++) {
        ptrdiff_t from = cflow_a_row(p, ic + r) * p->a_stride + pc;
        // What is written behind a row's end is overwritten by the next row, or lies in the slack.
        for (ptrdiff_t k = 0; k < kc; k += 16) {
            _mm256_storeu_si256((__m256i *)(a + r * pitch + k), cflow_load_values(p, p->a, from + k, kc - k));
        }
    }
}

/// Columns of A, two contracted rows side by side.
static void cflow_pack_a_columns_avx2(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int16_t *a) {
    for (ptrdiff_t u = 0; u < (kc + 1) / 2; u++) {
        int pair = 2 * u + 1 < kc;
        ptrdiff_t first = cflow_a_row(p, pc + 2 * u) * p->a_stride + ic;
        ptrdiff_t second = pair ? cflow_a_row(p, pc + 2 * u + 1) * p->a_stride + ic : first;
        int16_t *to = a + u * mc * 2;
        ptrdiff_t i = 0;
        if (!p->wide && pair) {
            const int8_t *x = (const int8_t *)p->a + first, *y = (const int8_t *)p->a + second;
            for (; i + 16 <= mc; i += 16) {
                __m128i vx = _mm_loadu_si128((const __m128i *)(x + i)), vy = _mm_loadu_si128((const __m128i *)(y + i));
                _mm256_storeu_si256((__m256i *)(to + 2 * i), _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(vx, vy)));
                _mm256_storeu_si256((__m256i *)(to + 2 * i + 16), _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(vx, vy)));
            }
        }
        for (; i < mc; i += 8) {
            ptrdiff_t count = mc - i < 8 ? mc - i : 8;
            _mm256_storeu_si256((__m256i *)(to + 2 * i), cflow_interleave(p, p->a, first + i, second + i, pair, count));
        }
    }
}

static void cflow_pack_a_block_avx2(const cflow_product *p, ptrdiff_t ic, ptrdiff_t mc, ptrdiff_t pc, ptrdiff_t kc, int16_t *a,
                                    int32_t *corrections) {
    (void)corrections;
    if (p->layout == CFLOW_TN) cflow_pack_a_columns_avx2(p, ic, mc, pc, kc, a);
    else cflow_pack_a_lines_avx2(p, ic, mc, pc, kc, a);
}

static void cflow_pack_b_avx2(int16_t *dst, ptrdiff_t columns, const cflow_product *p, ptrdiff_t column, ptrdiff_t k, ptrdiff_t length,
                              int part) {
    if (p->layout == CFLOW_NT) {
        for (ptrdiff_t half = 0; half < 16; half += 8) {
            ptrdiff_t lines = columns - half <= 0 ? 0 : columns - half < 8 ? columns - half : 8;
            if (lines == 0) {
                // No column there: any numbers do, but defined ones.
                for (ptrdiff_t u = 0; u < (length + 1) / 2; u++) memset(dst + half * 2 + u * CFLOW_NR * 2, 0, 32);
                continue;
            }
            ptrdiff_t offsets[8] = {0};
            for (ptrdiff_t i = 0; i < lines; i++) offsets[i] = cflow_b_row(p, column + half + i) * p->b_stride + k;
            cflow_pack_lines(dst + half * 2, CFLOW_NR * 2, p, p->b, offsets, lines, length, part);
        }
        return;
    }
    for (ptrdiff_t u = 0; u < (length + 1) / 2; u++) {
        int pair = 2 * u + 1 < length;
        ptrdiff_t first = cflow_b_row(p, k + 2 * u) * p->b_stride + column;
        ptrdiff_t second = pair ? cflow_b_row(p, k + 2 * u + 1) * p->b_stride + column : first;
        int16_t *to = dst + u * CFLOW_NR * 2;
        if (!p->wide && columns == 16) {
            __m128i x = _mm_loadu_si128((const __m128i *)((const int8_t *)p->b + first));
            __m128i y = pair ? _mm_loadu_si128((const __m128i *)((const int8_t *)p->b + second)) : _mm_setzero_si128();
            _mm256_storeu_si256((__m256i *)to, _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(x, y)));
            _mm256_storeu_si256((__m256i *)(to + 16), _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(x, y)));
            continue;
        }
        for (ptrdiff_t half = 0; half < 16; half += 8) {
            ptrdiff_t count = columns - half < 0 ? 0 : columns - half < 8 ? columns - half : 8;
            __m256i v = _mm256_setzero_si256();
            if (count > 0) v = cflow_interleave(p, p->b, first + half, second + half, pair, count);
            _mm256_storeu_si256((__m256i *)(to + half * 2), cflow_take_part(v, part));
        }
    }
}

// MARK: Register block

/// `low` points to the pairs of rows 0 … 2, `high` to those of rows 3 … 5: two addresses reach all six with one step.
static inline __attribute__((always_inline)) void cflow_micro_unit(const int rows, const int16_t *low, const int16_t *high, ptrdiff_t a_row,
                                                                   const int16_t *b, __m256i *left, __m256i *right) {
    __m256i b0 = _mm256_load_si256((const __m256i *)b), b1 = _mm256_load_si256((const __m256i *)(b + 16));
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        int32_t pair;
        memcpy(&pair, (r < 3 ? low : high) + r % 3 * a_row, 4);
        __m256i value = _mm256_set1_epi32(pair);
        left[r] = _mm256_add_epi32(left[r], _mm256_madd_epi16(value, b0));
        right[r] = _mm256_add_epi32(right[r], _mm256_madd_epi16(value, b1));
    }
}

static inline __attribute__((always_inline)) void cflow_micro_rows(const int rows, ptrdiff_t units, const int16_t *a, ptrdiff_t a_row,
                                                                   ptrdiff_t a_unit, const int16_t *b, int first, int last,
                                                                   const float *row_factors, const float *column_factors, void *out,
                                                                   ptrdiff_t stride) {
    __m256i left[6], right[6];
    for (int r = 0; r < rows; r++) {
        const char *from = (const char *)out + r * stride * 4;
        left[r] = first ? _mm256_setzero_si256() : _mm256_loadu_si256((const __m256i *)from);
        right[r] = first ? _mm256_setzero_si256() : _mm256_loadu_si256((const __m256i *)(from + 32));
    }
    const int16_t *low = a, *high = a + 3 * a_row;
    // Two units a turn: fewer instructions beside the 4 · rows that the vector ports have to start for each.
    for (ptrdiff_t u = 0; u + 2 <= units; u += 2) {
        cflow_micro_unit(rows, low, high, a_row, b, left, right);
        cflow_micro_unit(rows, low + a_unit, high + a_unit, a_row, b + 32, left, right);
        low += 2 * a_unit;
        high += 2 * a_unit;
        b += 64;
    }
    if (units % 2 != 0) cflow_micro_unit(rows, low, high, a_row, b, left, right);
    __m256 f0 = _mm256_loadu_ps(column_factors), f1 = _mm256_loadu_ps(column_factors + 8);
    for (int r = 0; r < rows; r++) {
        char *to = (char *)out + r * stride * 4;
        if (last) {
            __m256 factor = _mm256_set1_ps(row_factors[r]);
            left[r] = _mm256_castps_si256(_mm256_mul_ps(_mm256_cvtepi32_ps(left[r]), _mm256_mul_ps(factor, f0)));
            right[r] = _mm256_castps_si256(_mm256_mul_ps(_mm256_cvtepi32_ps(right[r]), _mm256_mul_ps(factor, f1)));
        }
        _mm256_storeu_si256((__m256i *)to, left[r]);
        _mm256_storeu_si256((__m256i *)(to + 32), right[r]);
    }
}

static void cflow_micro_avx2(int rows, ptrdiff_t units, const int16_t *a, ptrdiff_t a_row, ptrdiff_t a_unit, const int16_t *b,
                             const int32_t *corrections, int first, int last, const float *row_factors, const float *column_factors,
                             void *out, ptrdiff_t stride) {
    (void)corrections;
#define CFLOW_ROWS(count) cflow_micro_rows(count, units, a, a_row, a_unit, b, first, last, row_factors, column_factors, out, stride)
    switch (rows) {
    case 1: CFLOW_ROWS(1); break;
    case 2: CFLOW_ROWS(2); break;
    case 3: CFLOW_ROWS(3); break;
    case 4: CFLOW_ROWS(4); break;
    case 5: CFLOW_ROWS(5); break;
    default: CFLOW_ROWS(6); break;
    }
#undef CFLOW_ROWS
}

#include "product_driver.h"

#pragma clang attribute pop

#else
void cflow_multiply_avx2(const cflow_product *product, void *scratch) { cflow_multiply_portable(product, scratch); }
#endif
