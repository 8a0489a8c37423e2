#ifndef CFLOW_KERNELS_H
#define CFLOW_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CFlowFloatingPoint.h"
#include "CFlowInference.h"

#pragma clang assume_nonnull begin

// MARK: Atomics for the thread pool, sequentially consistent. Plain inline functions, so that no deployment target and no further module is needed.

static inline int64_t cflow_atomic_add(int64_t *cell, int64_t value) {
    return __atomic_fetch_add(cell, value, __ATOMIC_SEQ_CST);
}

static inline int64_t cflow_atomic_load(const int64_t *cell) {
    return __atomic_load_n(cell, __ATOMIC_SEQ_CST);
}

static inline void cflow_atomic_store(int64_t *cell, int64_t value) {
    __atomic_store_n(cell, value, __ATOMIC_SEQ_CST);
}

/// Sets the cell to `desired` where it holds `expected`; true where it did.
static inline bool cflow_atomic_exchange_if(int64_t *cell, int64_t expected, int64_t desired) {
    return __atomic_compare_exchange_n(cell, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/// A number that differs between threads that live at the same time.
uintptr_t cflow_thread(void);

/// A hint to the processor inside a waiting loop.
static inline void cflow_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

// MARK: Instruction sets

enum {
    CFLOW_PORTABLE = 0,
    CFLOW_AVX2 = 1,
    CFLOW_AVX512_VNNI = 2,
    /// 64-bit ARM with the dot product extension.
    CFLOW_NEON_DOT = 3,
    /// The AVX-512 VNNI kernel's packing and blocking with its one special instruction written out in plain C: for tests.
    CFLOW_VNNI_WRITTEN_OUT = 4,
    CFLOW_LEVELS = 5,
};

/// Parts of x86-64 processors that other libraries' kernels need.
enum { CFLOW_HAS_AVX = 0, CFLOW_HAS_AVX2_FMA = 1, CFLOW_HAS_AVX512 = 2, CFLOW_HAS_FMA4 = 3, CFLOW_HAS_3DNOW = 4 };
bool cflow_processor_has(int32_t feature);


/// Whether kernels of that level were compiled in and this processor and system can run them.
bool cflow_level_available(int32_t level);

// MARK: Exact integer products

enum { CFLOW_NT = 0, CFLOW_NN = 1, CFLOW_TN = 2 };

/// One product; see IntegerProduct in FlowTensor. Strides count elements. `wide` values are int16_t, others int8_t.
typedef struct {
    int32_t layout;
    int32_t wide;
    int32_t a_bits, b_bits;
    ptrdiff_t m, n, k;
    const void *a;
    ptrdiff_t a_stride;
    const int32_t *_Nullable a_rows;
    const int32_t *a_scales;
    ptrdiff_t a_scale_stride;
    const void *b;
    ptrdiff_t b_stride;
    const int32_t *_Nullable b_rows;
    const int32_t *b_scales;
    ptrdiff_t b_scale_stride;
    float *c;
    ptrdiff_t c_stride;
} cflow_product;

/// Bytes of scratch memory, 64-byte aligned, that `cflow_multiply` needs at any level.
size_t cflow_product_scratch(void);

/// Computes the product, in the canonical floating-point state. The level must be available.
void cflow_multiply(int32_t level, const cflow_product *product, void *scratch);

// MARK: Canonical pointwise operations; see Canonical in FlowTensor. Lists of n numbers; outputs may be inputs. The caller sees to the floating-point
// state.

typedef struct {
    void (*exp)(const float *x, ptrdiff_t n, float *y);
    void (*sigmoid)(const float *x, ptrdiff_t n, float *y);
    float (*sum)(const float *x, ptrdiff_t n);
    float (*sum_of_squares)(const float *x, ptrdiff_t n);
    float (*dot)(const float *x, const float *y, ptrdiff_t n);
    float (*norm)(const float *x, const float *gain, ptrdiff_t n, float *y);
    void (*norm_backward)(const float *x, const float *gain, float r, const float *dy, ptrdiff_t n, float *dx, float *gain_terms);
    void (*softmax)(const float *x, ptrdiff_t n, float *p, float *maximum, float *total);
    void (*softmax_backward)(const float *p, const float *dp, ptrdiff_t n, float factor, float *ds);
    /// One row of causal attention: n scores become probabilities of `x · factor` in place, then `folded = p · powers`; both are zero from n to
    /// `end`. Returns the largest magnitude of `folded` as bits with the sign cleared. n ≥ 1.
    uint32_t (*attention_row)(float *x, ptrdiff_t n, ptrdiff_t end, float factor, const float *powers, float *folded);
    /// Its way back: the gradients `dp` of n probabilities become those of the scores in place, then `folded = ds · key_powers`; both are zero
    /// from n to `end`. key_largest and value_largest become the larger of themselves and |ds · query_power| or |p · output_power|. Returns as above.
    uint32_t (*attention_row_backward)(const float *p, float *dp, ptrdiff_t n, ptrdiff_t end, float factor, const float *key_powers,
                                       float query_power, float output_power, float *folded, float *key_largest, float *value_largest);
    void (*swiglu)(const float *gate, const float *up, ptrdiff_t n, float *a);
    void (*swiglu_backward)(const float *gate, const float *up, const float *da, ptrdiff_t n, float *d_gate, float *d_up, float *a);
    void (*rotate)(float *u, ptrdiff_t half, const float *cosines, const float *sines);
    void (*rotate_backward)(float *u, ptrdiff_t half, const float *cosines, const float *sines);
    void (*add)(const float *a, const float *b, ptrdiff_t n, float *c);
    void (*scale)(const float *x, float factor, ptrdiff_t n, float *y);
    void (*combine)(const float *a, float wa, const float *b, float wb, ptrdiff_t n, float *y);
    /// Returns the largest magnitude of the new weights as bits with the sign cleared. Where `planes` is given, the new momentum's planes go there, as below.
    uint32_t (*sign_step)(float *weights, float *momentum, const float *gradient, ptrdiff_t n, float rate, uint8_t *_Nullable planes,
                          ptrdiff_t stride);
    /// A digest's planes of n numbers, `stride` bytes from one to the next.
    void (*planes)(const float *m, ptrdiff_t n, uint8_t *planes, ptrdiff_t stride);
    /// The largest magnitude as bits with the sign cleared.
    uint32_t (*largest)(const float *x, ptrdiff_t n);
    void (*quantise8)(const float *x, ptrdiff_t n, float inverse, int32_t limit, int8_t *q);
    void (*quantise16)(const float *x, ptrdiff_t n, float inverse, int32_t limit, int16_t *q);
    /// largest[c] becomes the larger of itself and |row[c]|.
    void (*column_largest)(const float *row, ptrdiff_t n, float *largest);
    void (*quantise_by_columns8)(const float *x, ptrdiff_t n, const float *inverse, int32_t limit, int8_t *q);
    void (*quantise_by_columns16)(const float *x, ptrdiff_t n, const float *inverse, int32_t limit, int16_t *q);
    /// The same for x · factor.
    void (*quantise_scaled_by_columns8)(const float *x, ptrdiff_t n, float factor, const float *inverse, int32_t limit, int8_t *q);
    void (*quantise_scaled_by_columns16)(const float *x, ptrdiff_t n, float factor, const float *inverse, int32_t limit, int16_t *q);
    /// sums[c] += roundHalfEven(row[c] · inverse), |row[c] · inverse| ≤ 2^31.
    void (*column_add)(const float *row, ptrdiff_t n, float inverse, double *sums);
} cflow_pointwise;

/// The operations of an available level; of the portable one otherwise.
const cflow_pointwise *cflow_pointwise_at(int32_t level);

/// The operations in use: of the best level until another is chosen. All levels give the same bits.
const cflow_pointwise *cflow_pointwise_in_use(void);

/// Chooses a level; portable where it is not available. Returns the level in use before.
int32_t cflow_pointwise_use(int32_t level);

#pragma clang assume_nonnull end

#endif
