// The kernels for public models, which say what they say in llama.cpp: every rounding is that of ggml's AVX2 kernels (ggml-cpu, the wheel
// llama-cpp-python 0.3.36) with its default settings, so each sum is taken in their order, and each level's result is the same.
// Beside what inference_body.h needs a level defines
//   exactly(a, b, c)      a·b + c of eight numbers, rounded once

/// e^x, ggml's polynomial.
INLINE v8f llama_exponential(v8f x) {
    const v8f shift = all(0x1.8p23f);
    v8f z = exactly(x, all(0x1.715476p+0f), shift);
    v8f n = z - shift;
    v8f b = exactly(-n, all(0x1.7f7d1cp-20f), exactly(-n, all(0x1.62e4p-1f), x));
    v8u e = (v8u)z << 23;
    v8f k = (v8f)(e + (v8u)all(1));
    v8f u = b * b;
    v8f low = exactly(all(0x1.555e66p-3f), b, all(0x1.fffdb6p-2f));
    v8f high = exactly(all(0x1.0e4020p-7f), b, all(0x1.573e2ep-5f));
    v8f j = exactly(exactly(high, u, low), u, all(0x1.ffffecp-1f) * b);
    v8f size = (v8f)((v8u)n & 0x7FFFFFFFu);
    v8u g = (v8u)(n <= all(0)) & 0x82000000u;
    v8f s1 = (v8f)(g + 0x7F000000u), s2 = (v8f)(e - g);
    v8f far = pick(size > all(192), s1 * s1, exactly(s2, j, s2) * s1);
    return pick(size > all(126), far, exactly(k, j, k));
}

// MARK: Products

/// Sixteen of a block's elements: of each four the first two, or (`second`) the last two, so that lane k of a product holds elements 4k to 4k + 3.
INLINE v16s quarter_pairs(v32b v, bool second) {
    return second ? __builtin_convertvector(__builtin_shufflevector(v, v, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31), v16s)
                  : __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29), v16s);
}

/// Rows of blocks of 32 with rounded inputs. One sum of eight lanes runs through the whole row, and one of minimums.
INLINE void llama_rows_of(int type, int tokens, const cflow_matrix *m, ptrdiff_t start, ptrdiff_t first, ptrdiff_t last) {
    const int16_t *q[MOST_TOKENS];
    const float *scales[MOST_TOKENS], *sums[MOST_TOKENS];
    float *outputs[MOST_TOKENS];
    UNROLL for (int t = 0; t < tokens; t++) {
        const ptrdiff_t input = m->inputs.rows ? m->inputs.rows[start + t] : start + t;
        outputs[t] = m->y + (m->y_rows ? m->y_rows[start + t] : start + t) * m->y_stride;
        q[t] = m->inputs.rounded + input * m->inputs.stride;
        scales[t] = m->inputs.rounded_scales + 8 * input * m->inputs.groups;
        sums[t] = m->inputs.rounded_sums + 8 * input * m->inputs.groups;
    }
    const ptrdiff_t blocks = m->columns / 32, bytes = block_bytes(type);
    for (ptrdiff_t r = first; r < last; r++) {
        const uint8_t *row = (const uint8_t *)m->weights + r * m->row_bytes;
        v8f totals[MOST_TOKENS], minimums[MOST_TOKENS];
        UNROLL for (int t = 0; t < tokens; t++) totals[t] = minimums[t] = all(0);
        for (ptrdiff_t j = 0; j < blocks; j++) {
            const uint8_t *p = row + bytes * j;
            v32b values = block(type, row, j);
            v16s a = quarter_pairs(values, false), b = quarter_pairs(values, true);
            v8f scale = half(p), minimum = has_minimum(type) ? half(p + 2) : all(0);
            if (tokens == 1) ask_for_weights(p);
            UNROLL for (int t = 0; t < tokens; t++) {
                v8i s = products(a, load16(q[t] + 32 * j), (v8i){0});
                s = products(b, load16(q[t] + 32 * j + 16), s);
                totals[t] = exactly(scale * all(scales[t][j]), __builtin_convertvector(s, v8f), totals[t]);
                if (has_minimum(type)) minimums[t] = exactly(minimum, all(sums[t][j]), minimums[t]);
            }
        }
        UNROLL for (int t = 0; t < tokens; t++) {
            float result = sum(totals[t]);
            if (has_minimum(type)) result += minimums[t][0];
            outputs[t][r] = m->adds ? outputs[t][r] + result : result;
        }
    }
}

/// What four sums of products by turns come to.
INLINE float llama_sum_of_four(const v8f *s) {
    v8f whole = (s[0] + s[2]) + (s[1] + s[3]);
    v4f t = __builtin_shufflevector(whole, whole, 0, 1, 2, 3) + __builtin_shufflevector(whole, whole, 4, 5, 6, 7);
    return (t[0] + t[1]) + (t[2] + t[3]);
}

/// The same for float types: one sum when several tokens are processed together, four by turns for a token by itself. What they leave of a row
/// is added one after the other, in binary64 for 16-bit types.
INLINE void llama_float_row(int type, int tokens, bool several, const uint8_t *row, ptrdiff_t columns, const float *const *inputs, float *results) {
    v8f s[MOST_TOKENS][4];
    UNROLL for (int t = 0; t < tokens; t++) UNROLL for (int k = 0; k < 4; k++) s[t][k] = all(0);
    ptrdiff_t i = 0;
    if (several) {
        for (; i + 8 <= columns; i += 8) {
            v8f w = floats(type, row, i);
            UNROLL for (int t = 0; t < tokens; t++) s[t][0] = exactly(w, load(inputs[t] + i), s[t][0]);
        }
    } else {
        for (; i + 32 <= columns; i += 32) {
            UNROLL for (int k = 0; k < 4; k++) {
                v8f w = floats(type, row, i + 8 * k);
                UNROLL for (int t = 0; t < tokens; t++) s[t][k] = exactly(w, load(inputs[t] + i + 8 * k), s[t][k]);
            }
        }
    }
    UNROLL for (int t = 0; t < tokens; t++) {
        results[t] = several ? sum(s[t][0]) : llama_sum_of_four(s[t]);
        if (type == CFLOW_F32) {
            for (ptrdiff_t c = i; c < columns; c++) results[t] += one_float(type, row, c) * inputs[t][c];
        } else {
            double rest = (double)results[t];
            for (ptrdiff_t c = i; c < columns; c++) rest += (double)(one_float(type, row, c) * inputs[t][c]);
            results[t] = (float)rest;
        }
    }
}

// MARK: Pointwise

/// The squares are added in binary64, one after the other.
static void llama_norm(const float *x, const float *gain, float epsilon, ptrdiff_t n, float *y) {
    double squares = 0;
    for (ptrdiff_t i = 0; i < n; i++) squares += (double)(x[i] * x[i]);
    const float mean = (float)(squares / (double)n);
    const float factor = 1 / __builtin_elementwise_sqrt(all(mean + epsilon))[0];
    for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i] * factor * gain[i];
}

INLINE v8f llama_gated(v8f gate, v8f up, float factor) { return gate / (all(1) + llama_exponential(all(0) - gate)) * up * all(factor); }

static void llama_swiglu(const float *gate, const float *up, float factor, ptrdiff_t n, float *y) {
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8) store(y + i, llama_gated(load(gate + i), load(up + i), factor));
    for (; i < n; i++) y[i] = llama_gated(all(gate[i]), all(up[i]), factor)[0];
}

/// Turns pairs; the products with the second element are rounded by themselves.
static void llama_rotate(float *head, ptrdiff_t pairs, bool halves, const float *cosines, const float *sines) {
    const ptrdiff_t step = halves ? 1 : 2, distance = halves ? pairs : 1;
    for (ptrdiff_t i = 0; i < pairs; i++) {
        float a = head[i * step], b = head[i * step + distance];
        v8f factors = {cosines[i], sines[i]}, others = {-(b * sines[i]), b * cosines[i]};
        v8f turned = exactly(all(a), factors, others);
        head[i * step] = turned[0];
        head[i * step + distance] = turned[1];
    }
}

/// Each number's nearest binary16 number.
static void llama_halve(float *x, ptrdiff_t n) {
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8) {
        v8h h = to_half(load(x + i));
        store(x + i, from_half((const uint8_t *)&h));
    }
    for (; i < n; i++) {
        v8h h = to_half(all(x[i]));
        x[i] = from_half_all(h[0])[0];
    }
}

// MARK: Attention

/// Scores of a query by itself with `count` keys: four sums by turns.
INLINE void llama_scores_of_one(const cflow_attention *a, const float *query, const uint8_t *keys, float *scores, ptrdiff_t count) {
    const ptrdiff_t n = a->length, whole = n & ~(ptrdiff_t)31;
    for (ptrdiff_t j = 0; j < count; j++) {
        const uint8_t *key = keys + 2 * n * j;
        v8f s[4] = {all(0), all(0), all(0), all(0)};
        for (ptrdiff_t i = 0; i < whole; i += 32) {
            UNROLL for (int k = 0; k < 4; k++) s[k] = exactly(from_half(key + 2 * (i + 8 * k)), load(query + i + 8 * k), s[k]);
        }
        double rest = (double)llama_sum_of_four(s);
        for (ptrdiff_t i = whole; i < n; i++) rest += (double)(one_float(CFLOW_F16, key, i) * query[i]);
        scores[j] = (float)rest * a->scale;
    }
}

/// Softmax of `reach` scores, rounded to binary16, and zeros up to `end`. There is room for eight more.
INLINE void llama_weights_of(float *scores, ptrdiff_t reach, ptrdiff_t end) {
    float most = scores[0];
    for (ptrdiff_t j = 1; j < reach; j++) most = scores[j] > most ? scores[j] : most;
    double total = 0;
    for (ptrdiff_t j = 0; j < reach; j += 8) {
        v8f e = llama_exponential(load(scores + j) - all(most));
        for (ptrdiff_t k = reach - j; k < 8; k++) e[k] = 0;
        store(scores + j, e);
        total += (double)sum(e);
    }
    const float factor = (float)(1.0 / total);
    for (ptrdiff_t j = 0; j < reach; j++) scores[j] *= factor;
    llama_halve(scores, reach);
    for (ptrdiff_t j = reach; j < end; j++) scores[j] = 0;
}

enum { LLAMA_WIDTH = 8 };

/// The value that a head of queries reads for token `j`.
INLINE const uint8_t *llama_value(const cflow_attention *a, ptrdiff_t head, ptrdiff_t j) {
    return rows_in(a, a->values, j / CFLOW_ATTENTION_BLOCK, head) + j % CFLOW_ATTENTION_BLOCK * 2 * a->length;
}

/// `width` vectors of a head's results from element `i`. Values are added on 32 lanes by position for a query by itself, on 8 for several.
INLINE void llama_values_of(
    int tokens, int lanes, int width, const cflow_attention *a, ptrdiff_t head, const float *scores, ptrdiff_t room, ptrdiff_t reach, ptrdiff_t i) {
    v8f s[4][32][LLAMA_WIDTH];
    for (int lane = 0; lane < lanes; lane++) {
        v8f part[4][LLAMA_WIDTH];
        UNROLL for (int t = 0; t < tokens; t++) UNROLL for (int k = 0; k < width; k++) part[t][k] = all(0);
        for (ptrdiff_t j = lane; j < reach; j += lanes) {
            const uint8_t *v = llama_value(a, head, j);
            UNROLL for (int k = 0; k < width; k++) {
                v8f x = from_half(v + 2 * (i + 8 * k));
                UNROLL for (int t = 0; t < tokens; t++) part[t][k] = exactly(x, all(scores[t * room + j]), part[t][k]);
            }
        }
        UNROLL for (int t = 0; t < tokens; t++) UNROLL for (int k = 0; k < width; k++) s[t][lane][k] = part[t][k];
    }
    UNROLL for (int t = 0; t < tokens; t++) {
        for (int k = 0; k < width; k++) {
            v8f *x[32];
            for (int lane = 0; lane < lanes; lane++) x[lane] = &s[t][lane][k];
            if (lanes == 32) for (int l = 0; l < 8; l++) *x[l] = (*x[l] + *x[l + 16]) + (*x[l + 8] + *x[l + 24]);
            for (int l = 0; l < 4; l++) *x[l] += *x[l + 4];
            v8f result = lanes == 32 ? (*x[0] + *x[1]) + (*x[2] + *x[3]) : (*x[0] + *x[2]) + (*x[1] + *x[3]);
            store(a->out + t * a->query_stride + head * a->length + i + 8 * k, result);
        }
    }
}

/// The same, one element at a time.
INLINE float llama_value_of(int lanes, const cflow_attention *a, ptrdiff_t head, const float *scores, ptrdiff_t reach, ptrdiff_t i) {
    v8f s[32];
    for (int l = 0; l < lanes; l++) s[l] = all(0);
    for (ptrdiff_t j = 0; j < reach; j++) {
        s[j % lanes] = exactly(all(one_float(CFLOW_F16, llama_value(a, head, j), i)), all(scores[j]), s[j % lanes]);
    }
    if (lanes == 32) for (int l = 0; l < 8; l++) s[l] = (s[l] + s[l + 16]) + (s[l + 8] + s[l + 24]);
    for (int l = 0; l < 4; l++) s[l] += s[l + 4];
    return (lanes == 32 ? (s[0] + s[1]) + (s[2] + s[3]) : (s[0] + s[2]) + (s[1] + s[3]))[0];
}

INLINE void llama_attend_head(int tokens, int lanes, const cflow_attention *a, ptrdiff_t head) {
    const ptrdiff_t reach = a->reach + tokens - 1, room = reach + 8;
    float *scores = a->scores;
    for (ptrdiff_t block = 0; block * CFLOW_ATTENTION_BLOCK < reach; block++) {
        const uint8_t *keys = rows_in(a, a->keys, block, head);
        const float *queries = a->queries + head * a->length;
        const ptrdiff_t start = block * CFLOW_ATTENTION_BLOCK, count = count_in(reach, block);
        if (lanes == 8 && a->length % 8 == 0) {
            scores_of(CFLOW_F16, true, tokens, a, queries, keys, scores + start, room, 0, count);
        } else {
            for (int t = 0; t < tokens; t++) llama_scores_of_one(a, queries + t * a->query_stride, keys, scores + t * room + start, count);
        }
    }
    for (int t = 0; t < tokens; t++) llama_weights_of(scores + t * room, a->reach + t, reach);
    const int width = tokens == 1 ? LLAMA_WIDTH : 2;
    ptrdiff_t i = 0;
    for (; i + 8 * width <= a->length; i += 8 * width) llama_values_of(tokens, lanes, width, a, head, scores, room, reach, i);
    for (; i + 8 <= a->length; i += 8) llama_values_of(tokens, lanes, 1, a, head, scores, room, reach, i);
    for (; i < a->length; i++) {
        for (int t = 0; t < tokens; t++) {
            a->out[t * a->query_stride + head * a->length + i] = llama_value_of(lanes, a, head, scores + t * room, reach, i);
        }
    }
}

INLINE void llama_attend_to(int tokens, int lanes, const cflow_attention *a) {
    for (ptrdiff_t h = 0; h < a->heads; h++) llama_attend_head(tokens, lanes, a, a->first_head + h);
}

static void llama_attend(const cflow_attention *a) {
    if (!a->several) {
        llama_attend_to(1, 32, a);
        return;
    }
    switch (a->tokens) {
    case 1: llama_attend_to(1, 8, a); break;
    case 2: llama_attend_to(2, 8, a); break;
    case 3: llama_attend_to(3, 8, a); break;
    default: llama_attend_to(4, 8, a); break;
    }
}
