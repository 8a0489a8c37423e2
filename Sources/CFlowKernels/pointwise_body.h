// The canonical pointwise operations on vectors of sixteen numbers, included once for each instruction set. No include guard: that is its purpose.
//
// Sixteen is the width of the canonical lane sum, whatever the processor's registers are, so that every instruction set gives the same
// bits. Each operation rounds by itself; the including file switches contraction off. Numbers behind the end of a list are handled by a padded copy.
// Define CFLOW_NAME(x) before inclusion; where instructions do it, CFLOW_SIGN_BITS(x), the sign bits of sixteen numbers, CFLOW_LOAD_PART(p, count, padding)
// and CFLOW_STORE_PART(p, x, count), which touch only the first 1 … 15 numbers in memory.

#pragma clang diagnostic ignored "-Wpsabi"

typedef float CFLOW_NAME(v) __attribute__((vector_size(64)));
typedef int32_t CFLOW_NAME(vi) __attribute__((vector_size(64)));
typedef double CFLOW_NAME(vd) __attribute__((vector_size(64)));
typedef float CFLOW_NAME(half) __attribute__((vector_size(32)));
#define V CFLOW_NAME(v)
#define VI CFLOW_NAME(vi)
#define INLINE static inline __attribute__((always_inline))

// MARK: Vectors

INLINE V CFLOW_NAME(load)(const float *p) {
    V x;
    __builtin_memcpy(&x, p, 64);
    return x;
}

INLINE void CFLOW_NAME(store)(float *p, V x) { __builtin_memcpy(p, &x, 64); }

/// Copies 1 … 15 numbers in pieces of a fixed size, without a call.
INLINE void CFLOW_NAME(copy_part)(float *to, const float *from, ptrdiff_t count) {
    if (count & 8) __builtin_memcpy(to, from, 32);
    ptrdiff_t done = count & 8;
    if (count & 4) __builtin_memcpy(to + done, from + done, 16);
    done += count & 4;
    if (count & 2) __builtin_memcpy(to + done, from + done, 8);
    done += count & 2;
    if (count & 1) __builtin_memcpy(to + done, from + done, 4);
}

/// `count` numbers, 1 … 15, and those of `padding` behind them.
INLINE V CFLOW_NAME(load_part)(const float *p, ptrdiff_t count, V padding) {
#ifdef CFLOW_LOAD_PART
    return CFLOW_LOAD_PART(p, count, padding);
#else
    float lanes[16] __attribute__((aligned(64)));
    CFLOW_NAME(store)(lanes, padding);
    CFLOW_NAME(copy_part)(lanes, p, count);
    return CFLOW_NAME(load)(lanes);
#endif
}

INLINE void CFLOW_NAME(store_part)(float *p, V x, ptrdiff_t count) {
#ifdef CFLOW_STORE_PART
    CFLOW_STORE_PART(p, x, count);
#else
    float lanes[16] __attribute__((aligned(64)));
    CFLOW_NAME(store)(lanes, x);
    CFLOW_NAME(copy_part)(p, lanes, count);
#endif
}

/// All bits in the first `count` lanes, none in the others.
INLINE VI CFLOW_NAME(first_places)(ptrdiff_t count) {
    const VI places = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return places < (VI){0} + (int32_t)count;
}

INLINE V CFLOW_NAME(all)(float x) { return (V){0} + x; }

/// Each lane of `a` where the mask is set, else of `b`.
INLINE V CFLOW_NAME(choose)(VI mask, V a, V b) { return (V)((mask & (VI)a) | (~mask & (VI)b)); }

INLINE VI CFLOW_NAME(larger)(VI a, VI b) {
    VI mask = a > b;
    return (mask & a) | (~mask & b);
}

INLINE VI CFLOW_NAME(smaller)(VI a, VI b) {
    VI mask = a < b;
    return (mask & a) | (~mask & b);
}

#define LOW8(x) __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7)
#define HIGH8(x) __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15)
typedef float CFLOW_NAME(four) __attribute__((vector_size(16)));
typedef float CFLOW_NAME(two) __attribute__((vector_size(8)));

/// The tree over the lanes: l + (l + 8), then 4, 2 and 1.
INLINE float CFLOW_NAME(tree)(V x) {
    CFLOW_NAME(half) eight = LOW8(x) + HIGH8(x);
    CFLOW_NAME(four) four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
    CFLOW_NAME(two) two = __builtin_shufflevector(four, four, 0, 1) + __builtin_shufflevector(four, four, 2, 3);
    return two[0] + two[1];
}

/// The largest lane; a zero is +0. No lane is a NaN.
INLINE float CFLOW_NAME(most)(V x) {
    typedef CFLOW_NAME(half) half;
    typedef CFLOW_NAME(four) four;
    typedef int32_t mask8 __attribute__((vector_size(32)));
    typedef int32_t mask4 __attribute__((vector_size(16)));
    half a8 = LOW8(x), b8 = HIGH8(x);
    mask8 above8 = a8 > b8;
    half eight = (half)((above8 & (mask8)a8) | (~above8 & (mask8)b8));
    four a4 = __builtin_shufflevector(eight, eight, 0, 1, 2, 3), b4 = __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
    mask4 above4 = a4 > b4;
    four m = (four)((above4 & (mask4)a4) | (~above4 & (mask4)b4));
    float a = m[0] > m[1] ? m[0] : m[1], b = m[2] > m[3] ? m[2] : m[3];
    return (a > b ? a : b) + 0.0f;
}

#define LOAD CFLOW_NAME(load)
#define STORE CFLOW_NAME(store)
#define ALL CFLOW_NAME(all)
#define CHOOSE CFLOW_NAME(choose)

/// Runs statements for i in steps of 16 and once more for what remains, with `part` numbers each; `GET(p)` loads and `PUT(p, x)` stores what is
/// there. A padded lane never reaches memory.
#define EACH(n, ...) \
    do { \
        ptrdiff_t i = 0; \
        for (; i + 16 <= (n); i += 16) { \
            const ptrdiff_t part = 16; \
            __VA_ARGS__ \
        } \
        if (i < (n)) { \
            const ptrdiff_t part = (n) - i; \
            __VA_ARGS__ \
        } \
    } while (0)
#define GET(p) (part == 16 ? LOAD((p) + i) : CFLOW_NAME(load_part)((p) + i, part, (V){0}))
#define PUT(p, x) \
    do { \
        V put_ = (x); \
        if (part == 16) STORE((p) + i, put_); \
        else CFLOW_NAME(store_part)((p) + i, put_, part); \
    } while (0)

// MARK: Functions

/// exp of numbers of which none is above 80.
INLINE V CFLOW_NAME(exp_of_small)(V x) {
    V t = CHOOSE(x < ALL(-80.0f), ALL(-80.0f), x);
    V shifted = t * 1.44269504088896341f + 12582912.0f;
    V n = shifted - 12582912.0f;
    V r = (t - n * 0.693359375f) - n * -2.12194440e-4f;
    V z = r * r;
    V p = ALL(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    V y = ((p * z) + r) + 1.0f;
    // The bits of 12582912 + n count n. −115 ≤ n ≤ 115; where x is a NaN so is y, and whatever stands here leaves it one.
    VI exponent = (VI)shifted - (0x4B400000 - 127);
    return y * (V)(exponent << 23);
}

INLINE V CFLOW_NAME(exp16)(V x) { return CFLOW_NAME(exp_of_small)(CHOOSE(x > ALL(80.0f), ALL(80.0f), x)); }

INLINE V CFLOW_NAME(sigmoid16)(V x) { return 1.0f / (1.0f + CFLOW_NAME(exp16)(-x)); }

static void CFLOW_NAME(exp)(const float *x, ptrdiff_t n, float *y) {
    EACH(n, PUT(y, CFLOW_NAME(exp16)(GET(x))););
}

static void CFLOW_NAME(sigmoid)(const float *x, ptrdiff_t n, float *y) {
    EACH(n, PUT(y, CFLOW_NAME(sigmoid16)(GET(x))););
}

// MARK: Sums. A padded lane adds +0, which changes no accumulator, since none is ever −0.

static float CFLOW_NAME(sum)(const float *x, ptrdiff_t n) {
    V s = {0};
    EACH(n, s += GET(x););
    return CFLOW_NAME(tree)(s);
}

static float CFLOW_NAME(sum_of_squares)(const float *x, ptrdiff_t n) {
    V s = {0};
    EACH(n, {
        V a = GET(x);
        s += a * a;
    });
    return CFLOW_NAME(tree)(s);
}

static float CFLOW_NAME(dot)(const float *x, const float *y, ptrdiff_t n) {
    V s = {0};
    EACH(n, s += GET(x) * GET(y););
    return CFLOW_NAME(tree)(s);
}

// MARK: Norms

static float CFLOW_NAME(norm)(const float *x, const float *gain, ptrdiff_t n, float *y) {
    float q = CFLOW_NAME(sum_of_squares)(x, n);
    float r = 1.0f / __builtin_elementwise_sqrt(q / (float)n + 1e-6f);
    EACH(n, PUT(y, (GET(x) * r) * GET(gain)););
    return r;
}

static void CFLOW_NAME(norm_backward)(const float *x, const float *gain, float r, const float *dy, ptrdiff_t n, float *dx,
                                      float *gain_terms) {
    V s = {0};
    EACH(n, s += (GET(dy) * GET(gain)) * GET(x););
    float c = CFLOW_NAME(tree)(s);
    float f = ((r * r) * r) * (c / (float)n);
    EACH(n, {
        V a = GET(x), d = GET(dy), u = d * GET(gain);
        PUT(dx, (u * r) - (a * f));
        PUT(gain_terms, d * (a * r));
    });
}

// MARK: Softmax

/// x · factor in p, its maximum, exp(x · factor − maximum) and its lane sum. A factor of 1 changes no bit.
INLINE void CFLOW_NAME(exponentials)(const float *x, float factor, ptrdiff_t n, float *p, float *maximum, float *total) {
    V most = ALL(-__builtin_inff());
    EACH(n, {
        V a = GET(x) * factor;
        PUT(p, a);
        if (part < 16) a = CHOOSE(CFLOW_NAME(first_places)(part), a, most);
        most = CHOOSE(a > most, a, most);
    });
    float m = CFLOW_NAME(most)(most);
    V s = {0};
    EACH(n, {
        V e = CFLOW_NAME(exp_of_small)(GET(p) - m);
        PUT(p, e);
        s += part == 16 ? e : (V)((VI)e & CFLOW_NAME(first_places)(part));
    });
    *maximum = m;
    *total = CFLOW_NAME(tree)(s);
}

static void CFLOW_NAME(softmax)(const float *x, ptrdiff_t n, float *p, float *maximum, float *total) {
    CFLOW_NAME(exponentials)(x, 1, n, p, maximum, total);
    float c = 1.0f / *total;
    EACH(n, PUT(p, GET(p) * c););
}

static void CFLOW_NAME(softmax_backward)(const float *p, const float *dp, ptrdiff_t n, float factor, float *ds) {
    float k = CFLOW_NAME(dot)(p, dp, n);
    EACH(n, PUT(ds, (GET(p) * (GET(dp) - k)) * factor););
}

// MARK: Attention

static void CFLOW_NAME(scale)(const float *x, float factor, ptrdiff_t n, float *y) {
    EACH(n, PUT(y, GET(x) * factor););
}

/// The larger of each lane's magnitude as bits and what stands there.
INLINE VI CFLOW_NAME(larger_bits)(V x, VI most) { return CFLOW_NAME(larger)((VI)x & 0x7FFFFFFF, most); }

static uint32_t CFLOW_NAME(attention_row)(float *x, ptrdiff_t n, ptrdiff_t end, float factor, const float *powers, float *folded) {
    float most, sum;
    CFLOW_NAME(exponentials)(x, factor, n, x, &most, &sum);
    float c = 1.0f / sum;
    VI largest = {0};
    EACH(n, {
        V p = GET(x) * c;
        V f = p * GET(powers);
        PUT(x, p);
        PUT(folded, f);
        largest = CFLOW_NAME(larger_bits)(f, largest);
    });
    for (ptrdiff_t i = n; i < end; i++) x[i] = folded[i] = 0;
    return (uint32_t)__builtin_reduce_max(largest);
}

static uint32_t CFLOW_NAME(attention_row_backward)(const float *p, float *dp, ptrdiff_t n, ptrdiff_t end, float factor,
                                                   const float *key_powers, float query_power, float output_power, float *folded,
                                                   float *key_largest, float *value_largest) {
    float k = CFLOW_NAME(dot)(p, dp, n);
    VI largest = {0};
    EACH(n, {
        V a = GET(p);
        V ds = (a * (GET(dp) - k)) * factor;
        V f = ds * GET(key_powers);
        PUT(dp, ds);
        PUT(folded, f);
        PUT(key_largest, (V)CFLOW_NAME(larger_bits)(ds * query_power, (VI)GET(key_largest)));
        PUT(value_largest, (V)CFLOW_NAME(larger_bits)(a * output_power, (VI)GET(value_largest)));
        largest = CFLOW_NAME(larger_bits)(f, largest);
    });
    for (ptrdiff_t i = n; i < end; i++) dp[i] = folded[i] = 0;
    return (uint32_t)__builtin_reduce_max(largest);
}

// MARK: SwiGLU

static void CFLOW_NAME(swiglu)(const float *gate, const float *up, ptrdiff_t n, float *a) {
    EACH(n, {
        V g = GET(gate);
        PUT(a, (g * CFLOW_NAME(sigmoid16)(g)) * GET(up));
    });
}

static void CFLOW_NAME(swiglu_backward)(const float *gate, const float *up, const float *da, ptrdiff_t n, float *d_gate, float *d_up,
                                        float *a) {
    EACH(n, {
        V g = GET(gate), u = GET(up), d = GET(da);
        V s = CFLOW_NAME(sigmoid16)(g);
        V gated = g * s;
        PUT(a, gated * u);
        PUT(d_up, d * gated);
        PUT(d_gate, (d * u) * (s * (1.0f + g * (1.0f - s))));
    });
}

// MARK: Rotary

static void CFLOW_NAME(rotate)(float *u, ptrdiff_t half, const float *cosines, const float *sines) {
    float *upper = u + half;
    EACH(half, {
        V a = GET(u), b = GET(upper), c = GET(cosines), s = GET(sines);
        PUT(u, a * c - b * s);
        PUT(upper, a * s + b * c);
    });
}

static void CFLOW_NAME(rotate_backward)(float *u, ptrdiff_t half, const float *cosines, const float *sines) {
    float *upper = u + half;
    EACH(half, {
        V a = GET(u), b = GET(upper), c = GET(cosines), s = GET(sines);
        PUT(u, a * c + b * s);
        PUT(upper, b * c - a * s);
    });
}

// MARK: Elementwise

static void CFLOW_NAME(add)(const float *a, const float *b, ptrdiff_t n, float *c) {
    EACH(n, PUT(c, GET(a) + GET(b)););
}

static void CFLOW_NAME(combine)(const float *a, float wa, const float *b, float wb, ptrdiff_t n, float *y) {
    EACH(n, PUT(y, (wa * GET(a)) + (wb * GET(b))););
}

// MARK: Optimizer

/// Bit l is set where lane l of the mask is: all of its bits, or at least the highest.
INLINE uint32_t CFLOW_NAME(bits)(VI mask) {
#ifdef CFLOW_SIGN_BITS
    return CFLOW_SIGN_BITS(mask);
#else
    const VI places = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
    return (uint32_t)__builtin_reduce_or(mask & places);
#endif
}

/// Planes m > 0, m < 0 and lowest bit of `part` numbers, 16 or fewer, from number `i` on.
INLINE void CFLOW_NAME(put_planes)(V m, uint8_t *planes, ptrdiff_t stride, ptrdiff_t i, ptrdiff_t part) {
    uint32_t word[3] = {CFLOW_NAME(bits)(m > ALL(0)), CFLOW_NAME(bits)(m < ALL(0)), CFLOW_NAME(bits)((VI)m << 31 >> 31)};
    for (int plane = 0; plane < 3; plane++) {
        planes[plane * stride + i / 8] = (uint8_t)word[plane];
        if (part > 8) planes[plane * stride + i / 8 + 1] = (uint8_t)(word[plane] >> 8);
    }
}

INLINE uint32_t CFLOW_NAME(step)(
    float *weights, float *momentum, const float *gradient, ptrdiff_t n, float rate, uint8_t *planes, ptrdiff_t stride) {
    VI most = {0};
    EACH(n, {
        V m = GET(momentum), w = GET(weights);
        m = m + (GET(gradient) - m) * 0.1f;
        PUT(momentum, m);
        V lower = w - rate, raised = w + rate;
        w = CHOOSE(m > ALL(0), lower, CHOOSE(m < ALL(0), raised, w));
        w = CHOOSE(w > ALL(4), ALL(4), w);
        w = CHOOSE(w < ALL(-4), ALL(-4), w);
        PUT(weights, w);
        most = CFLOW_NAME(larger)((VI)w & 0x7FFFFFFF, most);
        if (planes) CFLOW_NAME(put_planes)(m, planes, stride, i, part);
    });
    return (uint32_t)__builtin_reduce_max(most);
}

static uint32_t CFLOW_NAME(sign_step)(
    float *weights, float *momentum, const float *gradient, ptrdiff_t n, float rate, uint8_t *planes, ptrdiff_t stride) {
    return planes ? CFLOW_NAME(step)(weights, momentum, gradient, n, rate, planes, stride)
                  : CFLOW_NAME(step)(weights, momentum, gradient, n, rate, NULL, 0);
}

static void CFLOW_NAME(planes)(const float *m, ptrdiff_t n, uint8_t *planes, ptrdiff_t stride) {
    EACH(n, CFLOW_NAME(put_planes)(GET(m), planes, stride, i, part););
}

// MARK: Quantisers

static uint32_t CFLOW_NAME(largest)(const float *x, ptrdiff_t n) {
    VI most = {0};
    EACH(n, most = CFLOW_NAME(larger)((VI)GET(x) & 0x7FFFFFFF, most););
    return (uint32_t)__builtin_reduce_max(most);
}

/// Rounded half to even by the sum with 1.5 · 2^23, exact for |x · inverse| ≤ 2^22.
INLINE VI CFLOW_NAME(rounded)(V scaled, int32_t limit) {
    VI q = (VI)(scaled + 12582912.0f) - 0x4B400000;
    return CFLOW_NAME(smaller)(CFLOW_NAME(larger)(q, (VI){0} - limit), (VI){0} + limit);
}

typedef int8_t CFLOW_NAME(q8) __attribute__((vector_size(16)));
typedef int16_t CFLOW_NAME(q16) __attribute__((vector_size(32)));

static void CFLOW_NAME(quantise8)(const float *x, ptrdiff_t n, float inverse, int32_t limit, int8_t *q) {
    EACH(n, {
        CFLOW_NAME(q8) values = __builtin_convertvector(CFLOW_NAME(rounded)(GET(x) * inverse, limit), CFLOW_NAME(q8));
        if (part == 16) __builtin_memcpy(q + i, &values, 16);
        else __builtin_memcpy(q + i, &values, (size_t)part);
    });
}

static void CFLOW_NAME(quantise16)(const float *x, ptrdiff_t n, float inverse, int32_t limit, int16_t *q) {
    EACH(n, {
        CFLOW_NAME(q16) values = __builtin_convertvector(CFLOW_NAME(rounded)(GET(x) * inverse, limit), CFLOW_NAME(q16));
        if (part == 16) __builtin_memcpy(q + i, &values, 32);
        else __builtin_memcpy(q + i, &values, (size_t)part * 2);
    });
}

/// largest[c] becomes the larger of itself and |row[c]|, as bits.
static void CFLOW_NAME(column_largest)(const float *row, ptrdiff_t n, float *largest) {
    EACH(n, PUT(largest, (V)CFLOW_NAME(larger)((VI)GET(row) & 0x7FFFFFFF, (VI)GET(largest))););
}

static void CFLOW_NAME(quantise_by_columns8)(const float *x, ptrdiff_t n, const float *inverse, int32_t limit, int8_t *q) {
    EACH(n, {
        CFLOW_NAME(q8) values = __builtin_convertvector(CFLOW_NAME(rounded)(GET(x) * GET(inverse), limit), CFLOW_NAME(q8));
        if (part == 16) __builtin_memcpy(q + i, &values, 16);
        else __builtin_memcpy(q + i, &values, (size_t)part);
    });
}

static void CFLOW_NAME(quantise_by_columns16)(const float *x, ptrdiff_t n, const float *inverse, int32_t limit, int16_t *q) {
    EACH(n, {
        CFLOW_NAME(q16) values = __builtin_convertvector(CFLOW_NAME(rounded)(GET(x) * GET(inverse), limit), CFLOW_NAME(q16));
        if (part == 16) __builtin_memcpy(q + i, &values, 32);
        else __builtin_memcpy(q + i, &values, (size_t)part * 2);
    });
}

static void CFLOW_NAME(quantise_scaled_by_columns8)(const float *x, ptrdiff_t n, float factor, const float *inverse, int32_t limit,
                                                    int8_t *q) {
    EACH(n, {
        CFLOW_NAME(q8) values = __builtin_convertvector(CFLOW_NAME(rounded)((GET(x) * factor) * GET(inverse), limit), CFLOW_NAME(q8));
        if (part == 16) __builtin_memcpy(q + i, &values, 16);
        else __builtin_memcpy(q + i, &values, (size_t)part);
    });
}

static void CFLOW_NAME(quantise_scaled_by_columns16)(const float *x, ptrdiff_t n, float factor, const float *inverse, int32_t limit,
                                                     int16_t *q) {
    EACH(n, {
        CFLOW_NAME(q16) values = __builtin_convertvector(CFLOW_NAME(rounded)((GET(x) * factor) * GET(inverse), limit), CFLOW_NAME(q16));
        if (part == 16) __builtin_memcpy(q + i, &values, 32);
        else __builtin_memcpy(q + i, &values, (size_t)part * 2);
    });
}

// MARK: Column sums. Fixed-point integers as doubles: |q| ≤ 2^31 and sums below 2^53 are exact, in any order.

static void CFLOW_NAME(column_add)(const float *row, ptrdiff_t n, float inverse, double *sums) {
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8) {
        CFLOW_NAME(half) x;
        __builtin_memcpy(&x, row + i, 32);
        CFLOW_NAME(vd) value = __builtin_convertvector(x * inverse, CFLOW_NAME(vd)), sum;
        __builtin_memcpy(&sum, sums + i, 64);
        sum += (value + 6755399441055744.0) - 6755399441055744.0;
        __builtin_memcpy(sums + i, &sum, 64);
    }
    for (; i < n; i++) sums[i] += ((double)(row[i] * inverse) + 6755399441055744.0) - 6755399441055744.0;
}

#undef V
#undef VI
#undef INLINE
#undef LOAD
#undef STORE
#undef ALL
#undef CHOOSE
#undef EACH
#undef GET
#undef PUT
#undef LOW8
#undef HIGH8

const cflow_pointwise CFLOW_NAME(pointwise) = {
    .exp = CFLOW_NAME(exp),
    .sigmoid = CFLOW_NAME(sigmoid),
    .sum = CFLOW_NAME(sum),
    .sum_of_squares = CFLOW_NAME(sum_of_squares),
    .dot = CFLOW_NAME(dot),
    .norm = CFLOW_NAME(norm),
    .norm_backward = CFLOW_NAME(norm_backward),
    .softmax = CFLOW_NAME(softmax),
    .softmax_backward = CFLOW_NAME(softmax_backward),
    .attention_row = CFLOW_NAME(attention_row),
    .attention_row_backward = CFLOW_NAME(attention_row_backward),
    .swiglu = CFLOW_NAME(swiglu),
    .swiglu_backward = CFLOW_NAME(swiglu_backward),
    .rotate = CFLOW_NAME(rotate),
    .rotate_backward = CFLOW_NAME(rotate_backward),
    .add = CFLOW_NAME(add),
    .scale = CFLOW_NAME(scale),
    .combine = CFLOW_NAME(combine),
    .sign_step = CFLOW_NAME(sign_step),
    .planes = CFLOW_NAME(planes),
    .largest = CFLOW_NAME(largest),
    .quantise8 = CFLOW_NAME(quantise8),
    .quantise16 = CFLOW_NAME(quantise16),
    .column_largest = CFLOW_NAME(column_largest),
    .quantise_by_columns8 = CFLOW_NAME(quantise_by_columns8),
    .quantise_by_columns16 = CFLOW_NAME(quantise_by_columns16),
    .quantise_scaled_by_columns8 = CFLOW_NAME(quantise_scaled_by_columns8),
    .quantise_scaled_by_columns16 = CFLOW_NAME(quantise_scaled_by_columns16),
    .column_add = CFLOW_NAME(column_add),
};
