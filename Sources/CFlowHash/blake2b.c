// BLAKE2b-256 (RFC 7693) of four or eight messages of one length side by side.
#include "CFlowHash.h"
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read from memory as they are");
#pragma clang diagnostic ignored "-Wpsabi"

static const uint64_t initial[8] = {
    0x6A09E667F3BCC908u, 0xBB67AE8584CAA73Bu, 0x3C6EF372FE94F82Bu, 0xA54FF53A5F1D36F1u,
    0x510E527FADE682D1u, 0x9B05688C2B3E6C1Fu, 0x1F83D9ABFB41BD6Bu, 0x5BE0CD19137E2179u,
};

/// Which of a block's words each round takes.
static const uint8_t order[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

#define INLINE static inline __attribute__((always_inline))

#define COUNT 4
#define NAME(x) x##_four
#include "blake2b_body.h"
#undef COUNT
#undef NAME

/// Words 4 · part … 4 · part + 3 of four blocks, word by word.
INLINE void words_four(const uint8_t *const block[4], int part, lanes_four m[4]) {
    lanes_four r[4];
    for (int i = 0; i < 4; i++) memcpy(&r[i], block[i] + 32 * part, 32);
    lanes_four t0 = __builtin_shufflevector(r[0], r[1], 0, 4, 2, 6), t1 = __builtin_shufflevector(r[0], r[1], 1, 5, 3, 7);
    lanes_four t2 = __builtin_shufflevector(r[2], r[3], 0, 4, 2, 6), t3 = __builtin_shufflevector(r[2], r[3], 1, 5, 3, 7);
    m[0] = __builtin_shufflevector(t0, t2, 0, 1, 4, 5);
    m[1] = __builtin_shufflevector(t1, t3, 0, 1, 4, 5);
    m[2] = __builtin_shufflevector(t0, t2, 2, 3, 6, 7);
    m[3] = __builtin_shufflevector(t1, t3, 2, 3, 6, 7);
}

static void hash_plain(uint8_t prefix, const uint8_t *const message[4], size_t length, uint8_t *digests) {
    hash_four(prefix, message, length, digests);
}

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
static void hash_avx2(uint8_t prefix, const uint8_t *const message[4], size_t length, uint8_t *digests) {
    hash_four(prefix, message, length, digests);
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#define COUNT 8
#define NAME(x) x##_eight
#include "blake2b_body.h"

/// Words 8 · part … 8 · part + 7 of eight blocks, word by word.
INLINE void words_eight(const uint8_t *const block[8], int part, lanes_eight m[8]) {
    lanes_eight r[8], t[8], u[8];
    for (int i = 0; i < 8; i++) memcpy(&r[i], block[i] + 64 * part, 64);
    for (int i = 0; i < 8; i += 2) {
        t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 2; j++) {
            u[i + j] = __builtin_shufflevector(t[i + j], t[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            u[i + j + 2] = __builtin_shufflevector(t[i + j], t[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    for (int i = 0; i < 4; i++) {
        m[i] = __builtin_shufflevector(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        m[i + 4] = __builtin_shufflevector(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

static void hash_avx512(uint8_t prefix, const uint8_t *const message[8], size_t length, uint8_t *digests) {
    hash_eight(prefix, message, length, digests);
}
#pragma clang attribute pop
#endif

void cflow_blake2b_four(uint8_t prefix, const uint8_t *const message[4], size_t length, uint8_t *digests) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        hash_avx2(prefix, message, length, digests);
        return;
    }
#endif
    hash_plain(prefix, message, length, digests);
}

void cflow_blake2b_eight(uint8_t prefix, const uint8_t *const message[8], size_t length, uint8_t *digests) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        hash_avx512(prefix, message, length, digests);
        return;
    }
#endif
    cflow_blake2b_four(prefix, message, length, digests);
    cflow_blake2b_four(prefix, message + 4, length, digests + 4 * 32);
}
