// What the inference kernels of all levels share.
#ifndef CFLOW_INFERENCE_INTERNAL_H
#define CFLOW_INFERENCE_INTERNAL_H

#include "CFlowKernels.h"

// Every function that takes a vector is inlined, so how vectors are passed does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v8f __attribute__((vector_size(32)));
typedef float v4f __attribute__((vector_size(16)));
typedef int32_t v8i __attribute__((vector_size(32)));
typedef uint32_t v8u __attribute__((vector_size(32)));
typedef int16_t v8s __attribute__((vector_size(16)));
typedef uint16_t v8h __attribute__((vector_size(16)));
typedef int16_t v16s __attribute__((vector_size(32)));
typedef uint8_t v8c __attribute__((vector_size(8)));
typedef uint8_t v4u __attribute__((vector_size(4)));
typedef uint8_t v16u __attribute__((vector_size(16)));
typedef uint8_t v32u __attribute__((vector_size(32)));
typedef int8_t v32b __attribute__((vector_size(32)));

// The same at any address.
typedef float v8f_anywhere __attribute__((vector_size(32), aligned(1), may_alias));
typedef int16_t v8s_anywhere __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint16_t v8h_anywhere __attribute__((vector_size(16), aligned(1), may_alias));
typedef int16_t v16s_anywhere __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint8_t v4u_anywhere __attribute__((vector_size(4), aligned(1), may_alias));
typedef uint8_t v16u_anywhere __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint8_t v32u_anywhere __attribute__((vector_size(32), aligned(1), may_alias));
typedef int8_t v16b_anywhere __attribute__((vector_size(16), aligned(1), may_alias));
typedef int8_t v32b_anywhere __attribute__((vector_size(32), aligned(1), may_alias));

#define INLINE static inline __attribute__((always_inline))

enum {
    /// Tokens for which each weight is unpacked once.
    MOST_TOKENS = 8,
    /// Weights that stay in the second level of the cache.
    CACHED_BYTES = 1 << 17,
    /// How far ahead single tokens ask for blocks of weights: into the second level of the cache, then into the first. Rows of float types, keys and values are read too fast
    /// for that: the processor's own guess keeps more lines on their way.
    FAR_BYTES = 6144,
    NEAR_BYTES = 2048,
};

#endif
