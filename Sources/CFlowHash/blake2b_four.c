// BLAKE2b-256 (RFC 7693) of four messages of one length side by side, one in each 64-bit lane.
#include "CFlowHash.h"
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read from memory as they are");
#pragma clang diagnostic ignored "-Wpsabi"

typedef uint64_t lanes __attribute__((vector_size(32)));
typedef uint8_t bytes __attribute__((vector_size(32)));

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

INLINE lanes rotate32(lanes x) { return (x >> 32) | (x << 32); }
INLINE lanes rotate24(lanes x) { return (x >> 24) | (x << 40); }
INLINE lanes rotate16(lanes x) { return (x >> 16) | (x << 48); }
INLINE lanes rotate63(lanes x) { return (x >> 63) | (x + x); }

#define MIX(a, b, c, d, x, y) \
    do { \
        a += b + (x); \
        d = rotate32(d ^ a); \
        c += d; \
        b = rotate24(b ^ c); \
        a += b + (y); \
        d = rotate16(d ^ a); \
        c += d; \
        b = rotate63(b ^ c); \
    } while (0)

/// Words 4 · part … 4 · part + 3 of four blocks, word by word.
INLINE void words(const uint8_t *const block[4], int part, lanes m[4]) {
    lanes r[4];
    for (int i = 0; i < 4; i++) memcpy(&r[i], block[i] + 32 * part, 32);
    lanes t0 = __builtin_shufflevector(r[0], r[1], 0, 4, 2, 6), t1 = __builtin_shufflevector(r[0], r[1], 1, 5, 3, 7);
    lanes t2 = __builtin_shufflevector(r[2], r[3], 0, 4, 2, 6), t3 = __builtin_shufflevector(r[2], r[3], 1, 5, 3, 7);
    m[0] = __builtin_shufflevector(t0, t2, 0, 1, 4, 5);
    m[1] = __builtin_shufflevector(t1, t3, 0, 1, 4, 5);
    m[2] = __builtin_shufflevector(t0, t2, 2, 3, 6, 7);
    m[3] = __builtin_shufflevector(t1, t3, 2, 3, 6, 7);
}

INLINE void compress(lanes h[8], const uint8_t *const block[4], uint64_t count, uint64_t last) {
    lanes m[16], v[16];
    for (int part = 0; part < 4; part++) words(block, part, m + 4 * part);
    for (int i = 0; i < 8; i++) {
        v[i] = h[i];
        v[i + 8] = (lanes){0} + initial[i];
    }
    v[12] ^= count;
    v[14] ^= last;
#pragma clang loop unroll(full)
    for (int round = 0; round < 12; round++) {
        const uint8_t *s = order[round];
        MIX(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
        MIX(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
        MIX(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
        MIX(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
        MIX(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
        MIX(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
        MIX(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
        MIX(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
    }
    for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
}

INLINE void hash_four(uint8_t prefix, const uint8_t *const message[4], size_t length, uint8_t *digests) {
    lanes h[8];
    for (int i = 0; i < 8; i++) h[i] = (lanes){0} + initial[i];
    h[0] ^= 0x01010000u ^ 32u;
    // The prefix moves the message by one byte, so the first block and the last are put together apart.
    uint8_t edge[4][128];
    const uint8_t *block[4];
    size_t total = length + 1, done = 0;
    while (done < total) {
        size_t take = total - done < 128 ? total - done : 128;
        for (int i = 0; i < 4; i++) {
            if (done > 0 && take == 128) {
                block[i] = message[i] + done - 1;
                continue;
            }
            memset(edge[i], 0, 128);
            size_t skip = done == 0 ? 1 : 0;
            if (skip) edge[i][0] = prefix;
            memcpy(edge[i] + skip, message[i] + done + skip - 1, take - skip);
            block[i] = edge[i];
        }
        done += take;
        compress(h, block, done, done == total ? ~(uint64_t)0 : 0);
    }
    for (int i = 0; i < 4; i++) {
        for (int word = 0; word < 4; word++) {
            uint64_t value = h[word][i];
            for (int byte = 0; byte < 8; byte++) digests[32 * i + 8 * word + byte] = (uint8_t)(value >> (8 * byte));
        }
    }
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
