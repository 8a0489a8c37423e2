// The inference kernels in clang's portable vectors, compiled once for each level. Before including it a level defines
//   CFLOW_NAME            the name of its table
//   fused(a, b, c)        a·b + c of eight numbers
//   products(w, x, sum)   sum + w·x of sixteen 16-bit numbers, added in pairs to eight 32-bit sums
//   from_half(p)          eight binary16 numbers at p; from_half_all(bits) one of them, eight times
//   to_half(v)            the nearest binary16 numbers
// and what inference_llama.h, which this includes, needs.

#define UNROLL _Pragma("clang loop unroll(full)")

// MARK: Vectors

INLINE v8f load(const float *p) { return *(const v8f_anywhere *)p; }
INLINE void store(float *p, v8f v) { *(v8f_anywhere *)p = v; }
INLINE v8f all(float x) { return (v8f){x, x, x, x, x, x, x, x}; }
INLINE v16s load16(const int16_t *p) { return *(const v16s_anywhere *)p; }

INLINE float sum(v8f v) {
    v4f a = __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
    v4f b = a + __builtin_shufflevector(a, a, 2, 3, 0, 1);
    return b[0] + b[1];
}

/// The sums of eight vectors.
INLINE v8f sums_of_eight(const v8f *v) {
    v8f pairs[4], fours[2];
    UNROLL for (int k = 0; k < 4; k++) {
        v8f a = v[2 * k], b = v[2 * k + 1];
        pairs[k] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13) + __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
    }
    UNROLL for (int k = 0; k < 2; k++) {
        v8f a = pairs[2 * k], b = pairs[2 * k + 1];
        fours[k] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13) + __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
    }
    return __builtin_shufflevector(fours[0], fours[1], 0, 1, 2, 3, 8, 9, 10, 11) +
           __builtin_shufflevector(fours[0], fours[1], 4, 5, 6, 7, 12, 13, 14, 15);
}

INLINE v8f pick(v8i mask, v8f yes, v8f no) { return (v8f)(((v8i)yes & mask) | ((v8i)no & ~mask)); }

/// exp to about two units in the last place; numbers outside −87 … 88 count as these bounds.
INLINE v8f exponential(v8f x) {
    x = pick(x > all(88.0f), all(88.0f), x);
    x = pick(x < all(-87.0f), all(-87.0f), x);
    const v8f shift = all(12582912.0f);
    v8f shifted = x * all(1.44269504f) + shift;
    v8f n = shifted - shift;
    v8f r = (x - n * all(0.693359375f)) + n * all(2.12194440e-4f);
    v8f y = all(1.9875691500e-4f);
    y = y * r + all(1.3981999507e-3f);
    y = y * r + all(8.3334519073e-3f);
    y = y * r + all(4.1665795894e-2f);
    y = y * r + all(1.6666665459e-1f);
    y = y * r + all(5.0000001201e-1f);
    y = y * (r * r) + r + all(1.0f);
    v8u power = ((v8u)shifted - (v8u)shift + 127u) << 23;
    return y * (v8f)power;
}

// MARK: Blocks of 32 weights as 8-bit numbers

INLINE v32b nibbles(const uint8_t *p) {
    v16u v = *(const v16u_anywhere *)p;
    v16u low = v & 15, high = v >> 4;
    return (v32b)__builtin_shufflevector(
        low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
        28, 29, 30, 31);
}

/// Sixteen where the element's bit is set.
INLINE v32b fifth_bits(const uint8_t *p) {
    v4u bits = *(const v4u_anywhere *)p;
    v32u spread = __builtin_shufflevector(
        bits, bits, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const v32u mask = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128,
                       1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    return ((spread & mask) == mask) & 16;
}

/// Block `j` of the 256 elements at `p`, or of the run of smaller blocks there.
INLINE v32b block(int type, const uint8_t *p, ptrdiff_t j) {
    switch (type) {
    case CFLOW_Q8_0: return *(const v32b_anywhere *)(p + 34 * j + 2);
    case CFLOW_Q4_0: return nibbles(p + 18 * j + 2) - 8;
    case CFLOW_Q4_1: return nibbles(p + 20 * j + 4);
    case CFLOW_Q5_0: return (nibbles(p + 22 * j + 6) | fifth_bits(p + 22 * j + 2)) - 16;
    case CFLOW_Q5_1: return nibbles(p + 24 * j + 8) | fifth_bits(p + 24 * j + 4);
    case CFLOW_Q4_K: {
        v32u v = *(const v32u_anywhere *)(p + 16 + 32 * (j / 2));
        return (v32b)(j % 2 ? v >> 4 : v & 15);
    }
    default: {
        ptrdiff_t half = j / 4, quarter = j % 4;
        v32u low = *(const v32u_anywhere *)(p + 64 * half + 32 * (quarter % 2));
        v32u high = *(const v32u_anywhere *)(p + 128 + 32 * half);
        low = quarter / 2 ? low >> 4 : low & 15;
        high = quarter == 0 ? high << 4 : quarter == 1 ? high << 2 : quarter == 2 ? high : high >> 2;
        return (v32b)(low | (high & 0x30)) - 32;
    }
    }
}

INLINE ptrdiff_t block_bytes(int type) {
    switch (type) {
    case CFLOW_Q8_0: return 34;
    case CFLOW_Q4_0: return 18;
    case CFLOW_Q4_1: return 20;
    case CFLOW_Q5_0: return 22;
    default: return 24;
    }
}

INLINE bool is_k(int type) { return type == CFLOW_Q4_K || type == CFLOW_Q6_K; }
INLINE bool has_minimum(int type) { return type == CFLOW_Q4_1 || type == CFLOW_Q5_1 || type == CFLOW_Q4_K; }

INLINE v8f half(const uint8_t *p) {
    uint16_t bits;
    __builtin_memcpy(&bits, p, 2);
    return from_half_all(bits);
}

/// Scales and negated minimums of the eight groups of 32 in a Q4_K block.
INLINE void scales_q4_k(const uint8_t *p, float *scales, float *minimums) {
    uint32_t a, b, c, s[2], m[2];
    __builtin_memcpy(&a, p + 4, 4);
    __builtin_memcpy(&b, p + 8, 4);
    __builtin_memcpy(&c, p + 12, 4);
    s[0] = a & 0x3F3F3F3F;
    s[1] = (c & 0x0F0F0F0F) | (a >> 2 & 0x30303030);
    m[0] = b & 0x3F3F3F3F;
    m[1] = (c >> 4 & 0x0F0F0F0F) | (b >> 2 & 0x30303030);
    v8c sv, mv;
    __builtin_memcpy(&sv, s, 8);
    __builtin_memcpy(&mv, m, 8);
    store(scales, half(p) * __builtin_convertvector(sv, v8f));
    store(minimums, -half(p + 2) * __builtin_convertvector(mv, v8f));
}

// MARK: Products with block types

typedef struct {
    const int16_t *q;
    const float *scales;
    const float *sums;
} token_row;

/// What a group of blocks has in common, and the minimums that its blocks leave.
typedef struct {
    v8f whole;
    float scales[8];
    float minimums[8];
    int16_t factors[16];
} group_scales;

INLINE void ask_for_weights(const uint8_t *p) {
    __builtin_prefetch(p + FAR_BYTES, 0, 2);
    __builtin_prefetch(p + NEAR_BYTES);
}

/// Adds block `j` of a group to `sums`, one for each token; `x` are the tokens' inputs at the group.
INLINE void one_block(
    int type, int tokens, ptrdiff_t j, const uint8_t *p, const int16_t *const *x, group_scales *g, v8f *sums) {
    v32b bytes = block(type, p, j);
    v16s a = __builtin_convertvector(__builtin_shufflevector(bytes, bytes, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), v16s);
    v16s b = __builtin_convertvector(__builtin_shufflevector(bytes, bytes, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31), v16s);
    v8f scale;
    if (type == CFLOW_Q4_K) {
        scale = all(g->scales[j]);
    } else if (type == CFLOW_Q6_K) {
        // At most 32 · 128: four products of such numbers with 16 bits fit into 32 bits.
        a *= g->factors[2 * j];
        b *= g->factors[2 * j + 1];
        scale = g->whole;
    } else {
        scale = half(p + block_bytes(type) * j);
        if (has_minimum(type)) g->minimums[j] = half(p + block_bytes(type) * j + 2)[0];
    }
    if (tokens == 1) ask_for_weights(p + (is_k(type) ? 32 : block_bytes(type)) * j);
    UNROLL for (int t = 0; t < tokens; t++) {
        v8i s = products(a, load16(x[t] + 32 * j), (v8i){0});
        s = products(b, load16(x[t] + 32 * j + 16), s);
        sums[t] = fused(__builtin_convertvector(s, v8f), scale, sums[t]);
    }
}

INLINE group_scales scales_of(int type, const uint8_t *p) {
    group_scales g;
    if (has_minimum(type)) store(g.minimums, all(0));
    if (type == CFLOW_Q4_K) {
        scales_q4_k(p, g.scales, g.minimums);
    } else if (type == CFLOW_Q6_K) {
        g.whole = half(p + 208);
        *(v16s_anywhere *)g.factors = __builtin_convertvector(*(const v16b_anywhere *)(p + 192), v16s);
    }
    return g;
}

INLINE v8f add_group(int type, v8f sum, const group_scales *g, const token_row *input, ptrdiff_t group, v8f total) {
    total = fused(sum, all(input->scales[group]), total);
    return has_minimum(type) ? fused(load(g->minimums), load(input->sums + 8 * group), total) : total;
}

/// Adds the blocks of one group of inputs to `totals`, one for each token.
INLINE void group_of(
    int type, int tokens, ptrdiff_t blocks, const uint8_t *p, const token_row *inputs, ptrdiff_t group, v8f *totals) {
    v8f sums[MOST_TOKENS];
    const int16_t *x[MOST_TOKENS];
    UNROLL for (int t = 0; t < tokens; t++) {
        sums[t] = all(0);
        x[t] = inputs[t].q + CFLOW_INPUT_GROUP * group;
    }
    group_scales g = scales_of(type, p);
    if (is_k(type)) {
        UNROLL for (ptrdiff_t j = 0; j < 8; j++) one_block(type, tokens, j, p, x, &g, sums);
    } else {
        for (ptrdiff_t j = 0; j < blocks; j++) one_block(type, tokens, j, p, x, &g, sums);
    }
    UNROLL for (int t = 0; t < tokens; t++) totals[t] = add_group(type, sums[t], &g, inputs + t, group, totals[t]);
}

/// The same for one token and two rows.
INLINE void group_of_two(
    int type, ptrdiff_t blocks, const uint8_t *p, const uint8_t *q, const token_row *input, ptrdiff_t group, v8f *first, v8f *second) {
    v8f a = all(0), b = all(0);
    const int16_t *x = input->q + CFLOW_INPUT_GROUP * group;
    group_scales g = scales_of(type, p), h = scales_of(type, q);
    if (is_k(type)) {
        UNROLL for (ptrdiff_t j = 0; j < 8; j++) {
            one_block(type, 1, j, p, &x, &g, &a);
            one_block(type, 1, j, q, &x, &h, &b);
        }
    } else {
        for (ptrdiff_t j = 0; j < blocks; j++) {
            one_block(type, 1, j, p, &x, &g, &a);
            one_block(type, 1, j, q, &x, &h, &b);
        }
    }
    *first = add_group(type, a, &g, input, group, *first);
    *second = add_group(type, b, &h, input, group, *second);
}

INLINE ptrdiff_t group_bytes(int type) { return type == CFLOW_Q4_K ? 144 : type == CFLOW_Q6_K ? 210 : 8 * block_bytes(type); }

INLINE void block_row(int type, int tokens, const uint8_t *row, ptrdiff_t columns, const token_row *inputs, v8f *totals) {
    UNROLL for (int t = 0; t < tokens; t++) totals[t] = all(0);
    const ptrdiff_t groups = columns / CFLOW_INPUT_GROUP, bytes = group_bytes(type);
    for (ptrdiff_t g = 0; g < groups; g++) group_of(type, tokens, 8, row + g * bytes, inputs, g, totals);
    const ptrdiff_t rest = columns % CFLOW_INPUT_GROUP / 32;
    if (!is_k(type) && rest) group_of(type, tokens, rest, row + groups * bytes, inputs, groups, totals);
}

INLINE void two_block_rows(
    int type, const uint8_t *row, const uint8_t *other, ptrdiff_t columns, const token_row *input, v8f *first, v8f *second) {
    *first = *second = all(0);
    const ptrdiff_t groups = columns / CFLOW_INPUT_GROUP, bytes = group_bytes(type);
    for (ptrdiff_t g = 0; g < groups; g++) group_of_two(type, 8, row + g * bytes, other + g * bytes, input, g, first, second);
    const ptrdiff_t rest = columns % CFLOW_INPUT_GROUP / 32;
    if (!is_k(type) && rest) group_of_two(type, rest, row + groups * bytes, other + groups * bytes, input, groups, first, second);
}

// MARK: Products with float types

INLINE v8f floats(int type, const uint8_t *p, ptrdiff_t i) {
    switch (type) {
    case CFLOW_F32: return *(const v8f_anywhere *)(p + 4 * i);
    case CFLOW_F16: return from_half(p + 2 * i);
    default: return (v8f)(__builtin_convertvector(*(const v8h_anywhere *)(p + 2 * i), v8u) << 16);
    }
}

INLINE float one_float(int type, const uint8_t *p, ptrdiff_t i) {
    uint32_t bits;
    uint16_t low;
    float result;
    if (type == CFLOW_F32) {
        __builtin_memcpy(&result, p + 4 * i, 4);
        return result;
    }
    if (type == CFLOW_F16) return half(p + 2 * i)[0];
    __builtin_memcpy(&low, p + 2 * i, 2);
    bits = (uint32_t)low << 16;
    __builtin_memcpy(&result, &bits, 4);
    return result;
}

INLINE void float_row(int type, int tokens, const uint8_t *row, ptrdiff_t columns, const float *const *inputs, v8f *totals) {
    enum { CHAINS = 4 };
    const int chains = tokens > 4 ? 1 : tokens > 2 ? 2 : CHAINS;
    v8f sums[MOST_TOKENS][CHAINS];
    UNROLL for (int t = 0; t < tokens; t++) UNROLL for (int k = 0; k < chains; k++) sums[t][k] = all(0);
    ptrdiff_t i = 0;
    for (; i + 8 * chains <= columns; i += 8 * chains) {
        UNROLL for (int k = 0; k < chains; k++) {
            v8f w = floats(type, row, i + 8 * k);
            UNROLL for (int t = 0; t < tokens; t++) sums[t][k] = fused(w, load(inputs[t] + i + 8 * k), sums[t][k]);
        }
    }
    for (; i + 8 <= columns; i += 8) {
        v8f w = floats(type, row, i);
        UNROLL for (int t = 0; t < tokens; t++) sums[t][0] = fused(w, load(inputs[t] + i), sums[t][0]);
    }
    UNROLL for (int t = 0; t < tokens; t++) {
        totals[t] = sums[t][0];
        UNROLL for (int k = 1; k < chains; k++) totals[t] += sums[t][k];
    }
    for (; i < columns; i++) {
        float w = one_float(type, row, i);
        UNROLL for (int t = 0; t < tokens; t++) totals[t][0] += w * inputs[t][i];
    }
}

/// Two rows with one token.
INLINE void two_float_rows(
    int type, const uint8_t *row, const uint8_t *other, ptrdiff_t columns, const float *input, v8f *first, v8f *second) {
    enum { CHAINS = 2 };
    v8f a[CHAINS], b[CHAINS];
    UNROLL for (int k = 0; k < CHAINS; k++) a[k] = b[k] = all(0);
    ptrdiff_t i = 0;
    for (; i + 32 <= columns; i += 32) {
        UNROLL for (int k = 0; k < 4; k++) {
            v8f x = load(input + i + 8 * k);
            a[k % CHAINS] = fused(floats(type, row, i + 8 * k), x, a[k % CHAINS]);
            b[k % CHAINS] = fused(floats(type, other, i + 8 * k), x, b[k % CHAINS]);
        }
    }
    for (; i + 8 <= columns; i += 8) {
        v8f x = load(input + i);
        a[0] = fused(floats(type, row, i), x, a[0]);
        b[0] = fused(floats(type, other, i), x, b[0]);
    }
    *first = a[0] + a[1];
    *second = b[0] + b[1];
    for (; i < columns; i++) {
        (*first)[0] += one_float(type, row, i) * input[i];
        (*second)[0] += one_float(type, other, i) * input[i];
    }
}

// MARK: Matrices

INLINE bool is_float(int type) { return type == CFLOW_F32 || type == CFLOW_F16 || type == CFLOW_BF16; }

INLINE void llama_float_row(int type, int tokens, bool several, const uint8_t *row, ptrdiff_t columns, const float *const *inputs, float *results);

INLINE void rows_of(int type, int tokens, const cflow_matrix *m, ptrdiff_t start, ptrdiff_t first, ptrdiff_t last) {
    token_row rows[MOST_TOKENS];
    const float *inputs[MOST_TOKENS];
    float *outputs[MOST_TOKENS];
    UNROLL for (int t = 0; t < tokens; t++) {
        ptrdiff_t input = m->inputs.rows ? m->inputs.rows[start + t] : start + t;
        ptrdiff_t output = m->y_rows ? m->y_rows[start + t] : start + t;
        outputs[t] = m->y + output * m->y_stride;
        if (is_float(type)) {
            const float *x = type == CFLOW_F16 && m->inputs.halves ? m->inputs.halves
                             : type == CFLOW_BF16 && m->inputs.bfloats ? m->inputs.bfloats : m->inputs.x;
            inputs[t] = x + input * m->inputs.stride;
        } else {
            rows[t] = (token_row){m->inputs.q + input * m->inputs.stride, m->inputs.scales + input * m->inputs.groups,
                                  m->inputs.sums + 8 * input * m->inputs.groups};
        }
    }
    ptrdiff_t r = first;
    if (tokens == 1 && !(is_float(type) && m->inputs.follows_llama)) {
        // Rows of the first half side by side with rows of the second: each half is read as it lies in memory, by which processors know what to fetch next,
        // and inputs are loaded once for two rows.
        const ptrdiff_t half = (last - first) / 2;
        const uint8_t *weights = m->weights;
        for (; r + 8 <= first + half; r += 8) {
            v8f low[8], high[8];
            for (int k = 0; k < 8; k++) {
                const uint8_t *row = weights + (r + k) * m->row_bytes;
                const uint8_t *other = row + half * m->row_bytes;
                if (is_float(type)) two_float_rows(type, row, other, m->columns, inputs[0], low + k, high + k);
                else two_block_rows(type, row, other, m->columns, rows, low + k, high + k);
            }
            v8f a = sums_of_eight(low), b = sums_of_eight(high);
            float *y = outputs[0] + r;
            store(y, m->adds ? load(y) + a : a);
            store(y + half, m->adds ? load(y + half) + b : b);
        }
        // What neither half has done.
        const ptrdiff_t done = r - first;
        for (ptrdiff_t i = first + half + done; i < last; i++) {
            const uint8_t *row = weights + i * m->row_bytes;
            v8f total;
            if (is_float(type)) float_row(type, 1, row, m->columns, inputs, &total);
            else block_row(type, 1, row, m->columns, rows, &total);
            outputs[0][i] = (m->adds ? outputs[0][i] : 0) + sum(total);
        }
        last = first + half;
    }
    for (; r < last; r++) {
        const uint8_t *row = (const uint8_t *)m->weights + r * m->row_bytes;
        v8f totals[MOST_TOKENS];
        float results[MOST_TOKENS];
        const bool follows = is_float(type) && m->inputs.follows_llama;
        if (follows) {
            llama_float_row(type, tokens, m->tokens > 1 && m->columns % 8 == 0, row, m->columns, inputs, results);
        } else {
            if (is_float(type)) float_row(type, tokens, row, m->columns, inputs, totals);
            else block_row(type, tokens, row, m->columns, rows, totals);
            if (tokens == MOST_TOKENS) store(results, sums_of_eight(totals));
            else UNROLL for (int t = 0; t < tokens; t++) results[t] = sum(totals[t]);
        }
        UNROLL for (int t = 0; t < tokens; t++) outputs[t][r] = m->adds ? outputs[t][r] + results[t] : results[t];
    }
}

INLINE void llama_rows_of(int type, int tokens, const cflow_matrix *m, ptrdiff_t start, ptrdiff_t first, ptrdiff_t last);

INLINE void any_rows_of(int type, int tokens, const cflow_matrix *m, ptrdiff_t start, ptrdiff_t first, ptrdiff_t last) {
    if (!is_float(type) && !is_k(type) && m->inputs.follows_llama) llama_rows_of(type, tokens, m, start, first, last);
    else rows_of(type, tokens, m, start, first, last);
}

/// Some rows at a time, so that they stay in the cache while tokens pass, MOST_TOKENS at a time.
INLINE void matrix_of(int type, const cflow_matrix *m, ptrdiff_t first, ptrdiff_t last) {
    ptrdiff_t piece = m->tokens > MOST_TOKENS ? CACHED_BYTES / (m->row_bytes + 1) + 1 : last - first;
    for (ptrdiff_t r = first; r < last; r += piece) {
        ptrdiff_t end = last - r < piece ? last : r + piece;
        ptrdiff_t t = 0;
        for (; t + MOST_TOKENS <= m->tokens; t += MOST_TOKENS) any_rows_of(type, MOST_TOKENS, m, t, r, end);
        for (; t + 4 <= m->tokens; t += 4) any_rows_of(type, 4, m, t, r, end);
        switch (m->tokens - t) {
        case 1: any_rows_of(type, 1, m, t, r, end); break;
        case 2: any_rows_of(type, 2, m, t, r, end); break;
        case 3: any_rows_of(type, 3, m, t, r, end); break;
        default: break;
        }
    }
}

#define MATRIX_OF(type) \
    static __attribute__((noinline)) void matrix_##type(const cflow_matrix *m, ptrdiff_t first, ptrdiff_t last) { \
        matrix_of(CFLOW_##type, m, first, last); \
    }
MATRIX_OF(F32)
MATRIX_OF(F16)
MATRIX_OF(BF16)
MATRIX_OF(Q8_0)
MATRIX_OF(Q4_0)
MATRIX_OF(Q4_1)
MATRIX_OF(Q5_0)
MATRIX_OF(Q5_1)
MATRIX_OF(Q4_K)
MATRIX_OF(Q6_K)

static void multiply(const cflow_matrix *m, ptrdiff_t first, ptrdiff_t last) {
    switch (m->type) {
    case CFLOW_F32: matrix_F32(m, first, last); break;
    case CFLOW_F16: matrix_F16(m, first, last); break;
    case CFLOW_BF16: matrix_BF16(m, first, last); break;
    case CFLOW_Q8_0: matrix_Q8_0(m, first, last); break;
    case CFLOW_Q4_0: matrix_Q4_0(m, first, last); break;
    case CFLOW_Q4_1: matrix_Q4_1(m, first, last); break;
    case CFLOW_Q5_0: matrix_Q5_0(m, first, last); break;
    case CFLOW_Q5_1: matrix_Q5_1(m, first, last); break;
    case CFLOW_Q4_K: matrix_Q4_K(m, first, last); break;
    case CFLOW_Q6_K: matrix_Q6_K(m, first, last); break;
    default: break;
    }
}

// MARK: Inputs

static void quantise(const float *x, ptrdiff_t n, int16_t *q, float *scales, float *sums) {
    for (ptrdiff_t start = 0, group = 0; start < n; start += CFLOW_INPUT_GROUP, group++) {
        const ptrdiff_t count = n - start < CFLOW_INPUT_GROUP ? n - start : CFLOW_INPUT_GROUP;
        v8f largest = all(0), trouble = all(0);
        ptrdiff_t i = 0;
        for (; i + 8 <= count; i += 8) {
            v8f v = load(x + start + i);
            v8f size = (v8f)((v8u)v & 0x7FFFFFFFu);
            largest = pick(size > largest, size, largest);
            trouble += v - v;
        }
        float most = 0, odd = sum(trouble);
        for (int k = 0; k < 8; k++) most = largest[k] > most ? largest[k] : most;
        for (; i < count; i++) {
            float v = x[start + i], size = v < 0 ? -v : v;
            most = size > most ? size : most;
            odd += v - v;
        }
        // Below that a quotient could overflow, and nothing is lost.
        const bool plain = odd == 0 && most > 1e-30f;
        const float inverse = plain ? 32767.0f / most : 0;
        const float scale = odd == 0 ? (plain ? most / 32767.0f : 0) : __builtin_nanf("");
        scales[group] = scale;
        const v8f shift = all(12582912.0f);
        v8i total = {0};
        for (int k = 0; k < 8; k++) sums[8 * group + k] = 0;
        for (i = 0; i + 8 <= count; i += 8) {
            v8f shifted = plain ? load(x + start + i) * all(inverse) + shift : shift;
            v8i v = (v8i)((v8u)shifted - (v8u)shift);
            *(v8s_anywhere *)(q + start + i) = __builtin_convertvector(v, v8s);
            total += v;
            if (i % 32 == 24) {
                sums[8 * group + i / 32] = scale * (float)__builtin_reduce_add(total);
                total = (v8i){0};
            }
        }
        for (; i < count; i++) {
            float shifted = (plain ? x[start + i] * inverse : 0) + 12582912.0f;
            q[start + i] = (int16_t)(int32_t)(shifted - 12582912.0f);
        }
    }
}

static void norm(const float *x, const float *gain, float epsilon, ptrdiff_t n, float *y) {
    v8f a = all(0), b = all(0);
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16) {
        v8f u = load(x + i), v = load(x + i + 8);
        a = fused(u, u, a);
        b = fused(v, v, b);
    }
    float squares = sum(a + b);
    for (; i < n; i++) squares += x[i] * x[i];
    const float factor = 1 / __builtin_elementwise_sqrt(all(squares / (float)n + epsilon))[0];
    for (i = 0; i + 8 <= n; i += 8) store(y + i, load(x + i) * all(factor) * load(gain + i));
    for (; i < n; i++) y[i] = x[i] * factor * gain[i];
}

static void swiglu(const float *gate, const float *up, float factor, ptrdiff_t n, float *y) {
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8) {
        v8f g = load(gate + i);
        store(y + i, all(factor) * load(up + i) * (g / (all(1) + exponential(-g))));
    }
    for (; i < n; i++) y[i] = factor * up[i] * (gate[i] / (1 + exponential(all(-gate[i]))[0]));
}

static void rotate(float *head, ptrdiff_t pairs, bool halves, const float *cosines, const float *sines) {
    const ptrdiff_t step = halves ? 1 : 2, distance = halves ? pairs : 1;
    ptrdiff_t i = 0;
    if (halves) {
        for (; i + 8 <= pairs; i += 8) {
            v8f a = load(head + i), b = load(head + pairs + i), c = load(cosines + i), s = load(sines + i);
            store(head + i, a * c - b * s);
            store(head + pairs + i, a * s + b * c);
        }
    }
    for (; i < pairs; i++) {
        float a = head[i * step], b = head[i * step + distance];
        head[i * step] = a * cosines[i] - b * sines[i];
        head[i * step + distance] = a * sines[i] + b * cosines[i];
    }
}

// MARK: Attention

/// Where the rows begin that a head of queries reads in a block of tokens.
INLINE const uint8_t *rows_in(const cflow_attention *a, const void *rows, ptrdiff_t block, ptrdiff_t head) {
    const ptrdiff_t bytes = a->length * (a->type == CFLOW_F32 ? 4 : 2);
    return (const uint8_t *)rows + (block * a->stored_heads + head / a->shared) * CFLOW_ATTENTION_BLOCK * bytes;
}

/// How many of `reach` rows lie in a block.
INLINE ptrdiff_t count_in(ptrdiff_t reach, ptrdiff_t block) {
    const ptrdiff_t rest = reach - block * CFLOW_ATTENTION_BLOCK;
    return rest < CFLOW_ATTENTION_BLOCK ? rest : CFLOW_ATTENTION_BLOCK;
}

/// Scores of a head's queries with `count` keys from key `start` on, two at a time.
INLINE void scores_of(
    int type, bool exact, int tokens, const cflow_attention *a, const float *queries, const uint8_t *keys, float *scores, ptrdiff_t room, ptrdiff_t start,
    ptrdiff_t count) {
    const ptrdiff_t n = a->length, bytes = n * (type == CFLOW_F32 ? 4 : 2);
    for (ptrdiff_t j = start; j < count; j += 2) {
        const uint8_t *k0 = keys + j * bytes;
        const uint8_t *k1 = j + 1 < count ? k0 + bytes : k0;
        v8f s0[4], s1[4];
        UNROLL for (int t = 0; t < tokens; t++) s0[t] = s1[t] = all(0);
        ptrdiff_t i = 0;
        for (; i + 8 <= n; i += 8) {
            v8f u = floats(type, k0, i), v = floats(type, k1, i);
            UNROLL for (int t = 0; t < tokens; t++) {
                v8f x = load(queries + t * a->query_stride + i);
                s0[t] = exact ? exactly(u, x, s0[t]) : fused(u, x, s0[t]);
                s1[t] = exact ? exactly(v, x, s1[t]) : fused(v, x, s1[t]);
            }
        }
        for (; i < n; i++) {
            UNROLL for (int t = 0; t < tokens; t++) {
                float x = queries[t * a->query_stride + i];
                s0[t][0] += one_float(type, k0, i) * x;
                s1[t][0] += one_float(type, k1, i) * x;
            }
        }
        UNROLL for (int t = 0; t < tokens; t++) {
            scores[t * room + j] = a->scale * sum(s0[t]);
            scores[t * room + j + 1] = a->scale * sum(s1[t]);
        }
    }
}

/// Scores of one query with as many keys as eight go into, eight at a time and each read as it lies in memory; returns that number.
INLINE ptrdiff_t scores_of_eights(int type, const cflow_attention *a, const float *query, const uint8_t *keys, float *scores, ptrdiff_t count) {
    const ptrdiff_t n = a->length, bytes = n * (type == CFLOW_F32 ? 4 : 2);
    if (n % 16 != 0) return 0;
    ptrdiff_t j = 0;
    for (; j + 8 <= count; j += 8) {
        v8f s[8];
        UNROLL for (int k = 0; k < 8; k++) {
            const uint8_t *key = keys + (j + k) * bytes;
            v8f even = all(0), odd = all(0);
            for (ptrdiff_t i = 0; i < n; i += 16) {
                even = fused(floats(type, key, i), load(query + i), even);
                odd = fused(floats(type, key, i + 8), load(query + i + 8), odd);
            }
            s[k] = even + odd;
        }
        store(scores + j, sums_of_eight(s) * all(a->scale));
    }
    return j;
}

/// Softmax of `reach` scores, zeros up to `end`.
INLINE void weights_of(float *scores, ptrdiff_t reach, ptrdiff_t end) {
    v8f largest = all(scores[0]);
    ptrdiff_t j = 0;
    for (; j + 8 <= reach; j += 8) {
        v8f x = load(scores + j);
        largest = pick(x > largest, x, largest);
    }
    float most = largest[0];
    for (int k = 1; k < 8; k++) most = largest[k] > most ? largest[k] : most;
    for (; j < reach; j++) most = scores[j] > most ? scores[j] : most;
    v8f total = all(0);
    j = 0;
    for (; j + 8 <= reach; j += 8) {
        v8f e = exponential(load(scores + j) - all(most));
        store(scores + j, e);
        total += e;
    }
    float whole = sum(total);
    for (; j < reach; j++) whole += scores[j] = exponential(all(scores[j] - most))[0];
    const float factor = 1 / whole;
    for (j = 0; j + 8 <= reach; j += 8) store(scores + j, load(scores + j) * all(factor));
    for (; j < reach; j++) scores[j] *= factor;
    for (; j < end; j++) scores[j] = 0;
}

/// Adds `count` values by their weights to `width` vectors of the result at `out`; `values` begins at the same element.
INLINE void values_of(
    int type, int tokens, int width, const cflow_attention *a, const uint8_t *values, const float *weights, ptrdiff_t room, ptrdiff_t count, float *out) {
    const ptrdiff_t bytes = a->length * (type == CFLOW_F32 ? 4 : 2);
    v8f s[4][8];
    UNROLL for (int t = 0; t < tokens; t++) UNROLL for (int k = 0; k < width; k++) s[t][k] = load(out + t * a->query_stride + 8 * k);
    for (ptrdiff_t j = 0; j < count; j++) {
        const uint8_t *v = values + j * bytes;
        UNROLL for (int k = 0; k < width; k++) {
            v8f x = floats(type, v, 8 * k);
            UNROLL for (int t = 0; t < tokens; t++) s[t][k] = fused(x, all(weights[t * room + j]), s[t][k]);
        }
    }
    UNROLL for (int t = 0; t < tokens; t++) UNROLL for (int k = 0; k < width; k++) store(out + t * a->query_stride + 8 * k, s[t][k]);
}

/// The same for a block of a head's values.
INLINE void add_values(
    int type, int tokens, const cflow_attention *a, const uint8_t *values, const float *weights, ptrdiff_t room, ptrdiff_t count, float *out) {
    const ptrdiff_t size = type == CFLOW_F32 ? 4 : 2, bytes = a->length * size;
    const int width = tokens == 1 ? 8 : 2;
    ptrdiff_t i = 0;
    for (; i + 8 * width <= a->length; i += 8 * width) values_of(type, tokens, width, a, values + size * i, weights, room, count, out + i);
    for (; i + 8 <= a->length; i += 8) values_of(type, tokens, 1, a, values + size * i, weights, room, count, out + i);
    for (; i < a->length; i++) {
        for (int t = 0; t < tokens; t++) {
            float s = out[t * a->query_stride + i];
            for (ptrdiff_t j = 0; j < count; j++) s += one_float(type, values + j * bytes, i) * weights[t * room + j];
            out[t * a->query_stride + i] = s;
        }
    }
}

/// All heads' scores, then their softmax, then their values: so keys are one run of memory, and values another.
INLINE void attend_to(int type, int tokens, const cflow_attention *a) {
    const ptrdiff_t reach = a->reach + tokens - 1, room = reach + 8;
    for (ptrdiff_t block = 0; block * CFLOW_ATTENTION_BLOCK < reach; block++) {
        const ptrdiff_t count = count_in(reach, block);
        for (ptrdiff_t h = 0; h < a->heads; h++) {
            const float *queries = a->queries + (a->first_head + h) * a->length;
            const uint8_t *keys = rows_in(a, a->keys, block, a->first_head + h);
            float *scores = a->scores + h * tokens * room + block * CFLOW_ATTENTION_BLOCK;
            const ptrdiff_t done = tokens == 1 ? scores_of_eights(type, a, queries, keys, scores, count) : 0;
            scores_of(type, false, tokens, a, queries, keys, scores, room, done, count);
        }
    }
    for (ptrdiff_t h = 0; h < a->heads; h++) {
        for (int t = 0; t < tokens; t++) {
            weights_of(a->scores + (h * tokens + t) * room, a->reach + t, reach);
            float *out = a->out + t * a->query_stride + (a->first_head + h) * a->length;
            for (ptrdiff_t i = 0; i < a->length; i++) out[i] = 0;
        }
    }
    for (ptrdiff_t block = 0; block * CFLOW_ATTENTION_BLOCK < reach; block++) {
        for (ptrdiff_t h = 0; h < a->heads; h++) {
            const uint8_t *values = rows_in(a, a->values, block, a->first_head + h);
            const float *weights = a->scores + h * tokens * room + block * CFLOW_ATTENTION_BLOCK;
            add_values(type, tokens, a, values, weights, room, count_in(reach, block), a->out + (a->first_head + h) * a->length);
        }
    }
}

INLINE void attend_type(int type, const cflow_attention *a) {
    switch (a->tokens) {
    case 1: attend_to(type, 1, a); break;
    case 2: attend_to(type, 2, a); break;
    case 3: attend_to(type, 3, a); break;
    default: attend_to(type, 4, a); break;
    }
}

static void attend(const cflow_attention *a) {
    if (a->type == CFLOW_F32) attend_type(CFLOW_F32, a);
    else attend_type(CFLOW_F16, a);
}

static void to_halves(const float *x, ptrdiff_t n, uint16_t *y) {
    ptrdiff_t i = 0;
    for (; i < n; i += 8) {
        v8f v = all(0);
        if (i + 8 <= n) v = load(x + i);
        else for (ptrdiff_t k = i; k < n; k++) v[k - i] = x[k];
        v8f size = (v8f)((v8u)v & 0x7FFFFFFFu);
        v8f most = (v8f)((v8u)all(65504.0f) | ((v8u)v & 0x80000000u));
        v = pick((size > all(65504.0f)) & (size < all(__builtin_inff())), most, v);
        v8h h = to_half(v);
        if (i + 8 <= n) *(v8h_anywhere *)(y + i) = h;
        else for (ptrdiff_t k = i; k < n; k++) y[k] = h[k - i];
    }
}

#include "inference_llama.h"

const cflow_inference CFLOW_NAME = {
    multiply,   quantise,     norm,         swiglu,       attend,      to_halves, rotate,
    llama_norm, llama_swiglu, llama_attend, llama_rotate, llama_halve,
};
