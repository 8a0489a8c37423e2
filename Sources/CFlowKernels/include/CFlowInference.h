#ifndef CFLOW_INFERENCE_H
#define CFLOW_INFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Kernels for running a model. They are not consensus: levels may differ in the last bits, but for those that follow llama.cpp.

/// Storage types of weights, with GGUF's numbers.
enum {
    CFLOW_F32 = 0,
    CFLOW_F16 = 1,
    CFLOW_Q4_0 = 2,
    CFLOW_Q4_1 = 3,
    CFLOW_Q5_0 = 6,
    CFLOW_Q5_1 = 7,
    CFLOW_Q8_0 = 8,
    CFLOW_Q4_K = 12,
    CFLOW_Q6_K = 14,
    CFLOW_BF16 = 30,
};

/// Elements of a row of inputs that share a scale.
enum { CFLOW_INPUT_GROUP = 256 };

/// Rows of inputs. Block types read the quantised form, float types read `x`.
typedef struct {
    /// `stride` elements for each row.
    const float *_Nullable x;
    /// Whether products add in llama.cpp's order. Then block types of 32 elements read `rounded`, and the others the form that they read there.
    bool follows_llama;
    /// What CFLOW_F16 and CFLOW_BF16 then read in place of `x`: numbers of these formats, in binary32.
    const float *_Nullable halves;
    const float *_Nullable bfloats;
    /// Sixteen bits for each element, `stride` for each row.
    const int16_t *_Nullable q;
    /// One for each group, `groups` for each row.
    const float *_Nullable scales;
    /// scale · Σ q of each 32 elements, 8 · `groups` for each row, zero where a row has no such elements.
    const float *_Nullable sums;
    /// Whole numbers of −127 to 127, `stride` for each row, and for each 32 of them a scale and what stands for the sum, both as `sums` lie. Of each 32 the elements come first that are the first or second of four.
    const int16_t *_Nullable rounded;
    const float *_Nullable rounded_scales;
    const float *_Nullable rounded_sums;
    ptrdiff_t stride;
    ptrdiff_t groups;
    /// Which row is input `t`; null for row `t`.
    const int32_t *_Nullable rows;
} cflow_inputs;

/// The product y[t][r] = Σ_c x[t][c] · w[r][c].
typedef struct {
    int32_t type;
    /// Rows of whole blocks, at any alignment.
    const void *weights;
    ptrdiff_t row_bytes;
    ptrdiff_t columns;
    cflow_inputs inputs;
    ptrdiff_t tokens;
    float *y;
    ptrdiff_t y_stride;
    /// Which row of `y` is output `t`; null for row `t`.
    const int32_t *_Nullable y_rows;
    /// Whether products are added to what is in `y`.
    bool adds;
} cflow_matrix;

/// Rows of a head that lie together where keys and values are kept.
enum { CFLOW_ATTENTION_BLOCK = 64 };

/// Some heads of some consecutive tokens over the keys and values so far.
typedef struct {
    /// `length` elements for each head, `query_stride` further for the next token.
    const float *queries;
    ptrdiff_t query_stride;
    /// CFLOW_F32 or CFLOW_F16.
    int32_t type;
    /// One layer's rows of `length` elements: the first CFLOW_ATTENTION_BLOCK tokens' of each of the `stored_heads`, then the next tokens'. So one thread that does
    /// all heads reads memory in order (`attend`; `llama_attend` does a head after the other).
    const void *keys;
    const void *values;
    ptrdiff_t stored_heads;
    /// Consecutive heads of queries that share keys and values.
    ptrdiff_t shared;
    ptrdiff_t length;
    /// The heads of queries to do.
    ptrdiff_t first_head;
    ptrdiff_t heads;
    /// Keys that the first token sees; each next token sees one more.
    ptrdiff_t reach;
    /// 1 to 4.
    ptrdiff_t tokens;
    float scale;
    /// `heads` · `tokens` · (`reach` + `tokens` + 8) elements.
    float *scores;
    /// As the queries lie.
    float *out;
    /// For `llama_attend`: whether the tokens are part of several that are processed together.
    bool several;
} cflow_attention;

typedef struct {
    /// Rows `first` up to `last` of the weights.
    void (*multiply)(const cflow_matrix *matrix, ptrdiff_t first, ptrdiff_t last);
    /// The quantised form of one row. A group with an infinity or an undefined number gets an undefined scale.
    void (*quantise)(const float *x, ptrdiff_t n, int16_t *q, float *scales, float *sums);
    /// x / sqrt(mean(x²) + ε) · gain; `y` may be `x`.
    void (*norm)(const float *x, const float *gain, float epsilon, ptrdiff_t n, float *y);
    /// factor · up · gate / (1 + exp(−gate)); `y` may be either.
    void (*swiglu)(const float *gate, const float *up, float factor, ptrdiff_t n, float *y);
    /// Softmax of the scaled scores, and the sum of values with these weights.
    void (*attend)(const cflow_attention *attention);
    /// The nearest binary16 numbers; finite ones stay finite.
    void (*to_halves)(const float *x, ptrdiff_t n, uint16_t *y);
    /// Turns pairs: an element and the one `pairs` further (`halves`), or neighbours.
    void (*rotate)(float *head, ptrdiff_t pairs, bool halves, const float *cosines, const float *sines);

    // The same for public models, rounded as in llama.cpp. Results are equal at each level.
    void (*llama_norm)(const float *x, const float *gain, float epsilon, ptrdiff_t n, float *y);
    void (*llama_swiglu)(const float *gate, const float *up, float factor, ptrdiff_t n, float *y);
    /// Keys and values are CFLOW_F16, and queries binary16 numbers.
    void (*llama_attend)(const cflow_attention *attention);
    void (*llama_rotate)(float *head, ptrdiff_t pairs, bool halves, const float *cosines, const float *sines);
    /// Rounds each element to the nearest binary16 number.
    void (*llama_halve)(float *x, ptrdiff_t n);
} cflow_inference;

enum {
    CFLOW_INFERENCE_PORTABLE = 0,
    /// AVX2 with FMA and F16C.
    CFLOW_INFERENCE_AVX2 = 1,
    /// The same with the 16-bit products of AVX-512 VNNI, on 256-bit registers.
    CFLOW_INFERENCE_AVX512 = 2,
    CFLOW_INFERENCE_NEON = 3,
    CFLOW_INFERENCE_LEVELS = 4,
};

/// The kernels of a level; null where they were not compiled in or this processor cannot run them.
const cflow_inference *_Nullable cflow_inference_at(int32_t level);

/// The kernels of the best level.
const cflow_inference *cflow_inference_best(void);

#pragma clang assume_nonnull end

#endif
