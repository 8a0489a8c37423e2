// Runs every kernel of this processor on fixed inputs and prints a digest of each result's bits, one line an operation. Two processors must print
// the same lines, and all kernels of one processor must have the same digests. Products are also compared with a plain loop over 64-bit integers.
// Then once more in every floating-point state that a host program may be in. Standard error names the levels and states that ran. Built by
// Tests/cross-kernels.sh and Tests/emulated-avx512.sh.
#pragma STDC FP_CONTRACT OFF

#include "CFlowKernels.h"
#include "CHostState.h"
#include "inference.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 20260321;

static uint64_t next(void) {
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/// Ordinary numbers, zeros of both signs, denormals and large numbers; no NaN.
static float number(void) {
    uint64_t word = next();
    union { uint32_t bits; float value; } u;
    switch (word % 9) {
    case 0: return 0.0f;
    case 1: return -0.0f;
    case 2: u.bits = (uint32_t)(word >> 40) % 0x00800000u; return u.value;
    case 3: u.bits = 0x80000000u | (uint32_t)(word >> 40) % 0x00800000u; return u.value;
    case 4: u.bits = (uint32_t)(90 + (word >> 8) % 60) << 23 | (uint32_t)(word >> 41); return u.value;
    default: return (float)((int64_t)(word >> 40) - 8388608) / 2097152.0f;
    }
}

static uint64_t digest(uint64_t hash, const void *bytes, size_t count) {
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < count; i++) hash = (hash ^ byte[i]) * 0x100000001B3u;
    return hash;
}

enum { MOST = 600 };
static const ptrdiff_t lengths[] = {0, 1, 2, 7, 15, 16, 17, 31, 32, 33, 48, 100, 258, 511};
static float x[MOST], y[MOST], z[MOST], out[2 * MOST], more[2 * MOST];
static double sums[MOST];

static uint64_t first[64];

/// Prints the digests of the first level, and counts the operations whose digests at another level differ from them.
static int pointwise(int32_t level) {
    const cflow_pointwise *p = cflow_pointwise_at(level);
    int operation = 0, wrong = 0;
#define OPERATION(name, statement) \
    do { \
        uint64_t hash = 0xCBF29CE484222325u; \
        state = 7; \
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) { \
            for (int round = 0; round < 8; round++) { \
                ptrdiff_t n = lengths[l]; \
                float scalar = 0, second = 0; \
                for (int i = 0; i < MOST; i++) { \
                    x[i] = number(); \
                    y[i] = number(); \
                    z[i] = number(); \
                    out[i] = out[MOST + i] = more[i] = more[MOST + i] = 5; \
                    sums[i] = 0; \
                } \
                statement; \
                hash = digest(hash, out, sizeof out); \
                hash = digest(hash, more, sizeof more); \
                hash = digest(hash, sums, sizeof sums); \
                hash = digest(hash, &scalar, 4); \
                hash = digest(hash, &second, 4); \
            } \
        } \
        if (level == CFLOW_PORTABLE && first[operation] == 0) { \
            printf("%s %016llx\n", name, (unsigned long long)hash); \
            first[operation] = hash; \
        } else if (hash != first[operation]) { \
            fprintf(stderr, "level %d: %s %016llx differs\n", level, name, (unsigned long long)hash); \
            wrong++; \
        } \
        operation++; \
    } while (0)
    OPERATION("exp", p->exp(x, n, out));
    OPERATION("sigmoid", p->sigmoid(x, n, out));
    OPERATION("sum", scalar = p->sum(x, n));
    OPERATION("sum_of_squares", scalar = p->sum_of_squares(x, n));
    OPERATION("dot", scalar = p->dot(x, y, n));
    OPERATION("norm", scalar = n ? p->norm(x, y, n, out) : 0);
    OPERATION("norm_backward", if (n) p->norm_backward(x, y, 0.37f, z, n, out, more));
    OPERATION("softmax", if (n) p->softmax(x, n, out, &scalar, &second));
    OPERATION("softmax_backward", p->softmax_backward(x, y, n, 0.125f, out));
    OPERATION("attention_row", memcpy(out, x, sizeof x); uint32_t most = n ? p->attention_row(out, n, n + 9, 0.25f, y, more) : 0;
              memcpy(&scalar, &most, 4));
    OPERATION("attention_row_backward", memcpy(out, x, sizeof x);
              uint32_t most = n ? p->attention_row_backward(y, out, n, n + 9, 0.25f, z, 4.0f, 0.5f, more, out + MOST, more + MOST) : 0;
              memcpy(&scalar, &most, 4));
    OPERATION("swiglu", p->swiglu(x, y, n, out));
    OPERATION("swiglu_backward", p->swiglu_backward(x, y, z, n, out, more, more + MOST));
    OPERATION("rotate", memcpy(out, x, sizeof x); p->rotate(out, n / 2, y, z));
    OPERATION("rotate_backward", memcpy(out, x, sizeof x); p->rotate_backward(out, n / 2, y, z));
    OPERATION("add", p->add(x, y, n, out));
    OPERATION("scale", p->scale(x, 0.3f, n, out));
    OPERATION("combine", p->combine(x, 0.7f, y, 0.3f, n, out));
    OPERATION("sign_step", memcpy(out, x, sizeof x); memcpy(more, y, sizeof y); 
              uint32_t most = p->sign_step(out, more, z, n, 0.0009765625f, NULL, 0); memcpy(&scalar, &most, 4));
    OPERATION("planes", p->planes(x, n, (uint8_t *)out, (n + 7) / 8));
    OPERATION("largest", uint32_t most = p->largest(x, n); memcpy(&scalar, &most, 4));
    OPERATION("quantise8", p->quantise8(x, n, 32.0f, 127, (int8_t *)out));
    OPERATION("quantise16", p->quantise16(x, n, 4096.0f, 32767, (int16_t *)out));
    OPERATION("column_largest", memcpy(out, y, sizeof y); for (int i = 0; i < MOST; i++) out[i] = out[i] < 0 ? -out[i] : out[i];
              p->column_largest(x, n, out));
    OPERATION("quantise_by_columns8", p->quantise_by_columns8(x, n, y, 127, (int8_t *)out));
    OPERATION("quantise_by_columns16", p->quantise_by_columns16(x, n, y, 32767, (int16_t *)out));
    OPERATION("quantise_scaled_by_columns8", p->quantise_scaled_by_columns8(x, n, 0.5f, y, 127, (int8_t *)out));
    OPERATION("quantise_scaled_by_columns16", p->quantise_scaled_by_columns16(x, n, 0.5f, y, 32767, (int16_t *)out));
    OPERATION("column_add", p->column_add(x, n, 1048576.0f, sums); p->column_add(y, n, 1048576.0f, sums));
    fprintf(stderr, "level %d: %d pointwise operations, %d differ\n", level, operation, wrong);
    return wrong;
}

/// The product as the specification says it. Returns the digest of the result.
static int product(int32_t level, int layout, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int bits, int extreme, void *scratch,
                   uint64_t *hash) {
    int wide = bits > 8, limit = (1 << (bits - 1)) - 1;
    ptrdiff_t a_rows = layout == CFLOW_TN ? k : m, b_rows = layout == CFLOW_NT ? n : k;
    ptrdiff_t a_stride = (layout == CFLOW_TN ? m : k) + 3, b_stride = (layout == CFLOW_NT ? k : n) + 1;
    int16_t *a = calloc((size_t)(a_rows * a_stride + 1), 2), *b = calloc((size_t)(b_rows * b_stride + 1), 2);
    int32_t *scales = malloc((size_t)(m + n) * 4);
    float *c = malloc((size_t)(m * n + 1) * 4);
    for (ptrdiff_t i = 0; i < m + n; i++) scales[i] = (int32_t)(next() % 101) - 60;
#define VALUE() (extreme ? (next() % 8 ? limit : -limit) : (int)(next() % (uint64_t)(2 * limit + 1)) - limit)
    for (ptrdiff_t i = 0; i < a_rows * a_stride; i++) {
        int v = VALUE();
        if (wide) a[i] = (int16_t)v;
        else ((int8_t *)a)[i] = (int8_t)v;
    }
    for (ptrdiff_t i = 0; i < b_rows * b_stride; i++) {
        int v = VALUE();
        if (wide) b[i] = (int16_t)v;
        else ((int8_t *)b)[i] = (int8_t)v;
    }
    cflow_product p = {.layout = layout, .wide = wide, .a_bits = bits, .b_bits = bits, .m = m, .n = n, .k = k, .a = a,
                       .a_stride = a_stride, .a_scales = scales, .a_scale_stride = 1, .b = b, .b_stride = b_stride,
                       .b_scales = scales + m, .b_scale_stride = 1, .c = c, .c_stride = n};
    cflow_multiply(level, &p, scratch);
    int wrong = 0;
    for (ptrdiff_t i = 0; i < m; i++) {
        for (ptrdiff_t j = 0; j < n; j++) {
            int64_t sum = 0;
            for (ptrdiff_t l = 0; l < k; l++) {
                ptrdiff_t ia = layout == CFLOW_TN ? l * a_stride + i : i * a_stride + l;
                ptrdiff_t ib = layout == CFLOW_NT ? j * b_stride + l : l * b_stride + j;
                sum += wide ? (int64_t)a[ia] * b[ib] : (int64_t)((int8_t *)a)[ia] * ((int8_t *)b)[ib];
            }
            union { uint32_t bits; float value; } factor = {(uint32_t)(scales[i] + scales[m + j] + 127) << 23};
            float expected = (float)sum * factor.value;
            if (memcmp(&expected, &c[i * n + j], 4) != 0) wrong++;
        }
    }
    *hash = digest(*hash, c, (size_t)(m * n) * 4);
    free(a);
    free(b);
    free(scales);
    free(c);
    return wrong;
}

/// In each floating-point state that a host program may be in: the same digests between begin and end, and its own state behind them.
static int host_states(int32_t best) {
    int wrong = 0;
    for (int32_t host = 0; host < HOST_STATES; host++) {
        host_state_set(host);
        uint64_t own = host_state_settings(), flags = host_state_flags();
        int takes = host == 0 || !cflow_floating_point_is_canonical();
        cflow_floating_point before = cflow_floating_point_begin();
        int differ = !cflow_floating_point_is_canonical() + pointwise(CFLOW_PORTABLE) + (best > CFLOW_PORTABLE ? pointwise(best) : 0);
        cflow_floating_point_end(before);
        int kept = host_state_settings() == own && host_state_flags() == flags;
        host_state_set(0);
        fprintf(stderr, "host state %d: %s, %d differ, %s\n", host, takes ? "taken" : "not there", differ, kept ? "kept" : "not kept");
        wrong += differ + !kept;
    }
    return wrong;
}

int main(void) {
    static const int names[] = {CFLOW_PORTABLE, CFLOW_AVX2, CFLOW_AVX512_VNNI, CFLOW_NEON_DOT, CFLOW_VNNI_WRITTEN_OUT};
    static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {3, 5, 2}, {7, 17, 3}, {9, 33, 15}, {65, 31, 64}, {97, 257, 130}, {6, 16, 513}, {2, 3, 4097}, {100, 50, 1025}};
    void *scratch = aligned_alloc(64, (cflow_product_scratch() + 63) / 64 * 64);
    int wrong = 0;
    for (size_t l = 0; l < sizeof names / sizeof names[0]; l++) {
        if (!cflow_level_available(names[l])) continue;
        uint64_t hash = 0xCBF29CE484222325u;
        state = 11;
        for (int layout = 0; layout < 3; layout++) {
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
                for (int kind = 0; kind < 4; kind++) {
                    wrong += product(names[l], layout, shapes[s][0], shapes[s][1], shapes[s][2], kind < 2 ? 8 : kind == 2 ? 12 : 16,
                                     kind != 0, scratch, &hash);
                }
            }
        }
        fprintf(stderr, "level %d: products %016llx, %d wrong in all so far\n", names[l], (unsigned long long)hash, wrong);
        if (names[l] == CFLOW_PORTABLE) printf("products %016llx\n", (unsigned long long)hash);
    }
    int32_t best = CFLOW_PORTABLE;
    for (int32_t level = CFLOW_PORTABLE; level <= CFLOW_AVX512_VNNI; level++) {
        if (!cflow_level_available(level)) continue;
        wrong += pointwise(level);
        best = level;
    }
    wrong += host_states(best);
    wrong += check_inference();
    return wrong == 0 ? 0 : 1;
}
