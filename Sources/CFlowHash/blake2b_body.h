// BLAKE2b-256 (RFC 7693) of COUNT messages of one length side by side, one in each 64-bit lane. Included once for each COUNT; no include guard.
// Before inclusion define COUNT, 4 or 8, and NAME(x); behind it define NAME(words)(block, part, m): words COUNT · part … of all blocks, word by word.

typedef uint64_t NAME(lanes) __attribute__((vector_size(8 * COUNT)));

INLINE NAME(lanes) NAME(rotate)(NAME(lanes) x, int right) { return (x >> right) | (x << (64 - right)); }

#define MIX(a, b, c, d, x, y) \
    do { \
        a += b + (x); \
        d = NAME(rotate)(d ^ a, 32); \
        c += d; \
        b = NAME(rotate)(b ^ c, 24); \
        a += b + (y); \
        d = NAME(rotate)(d ^ a, 16); \
        c += d; \
        b = NAME(rotate)(b ^ c, 63); \
    } while (0)

INLINE void NAME(words)(const uint8_t *const block[COUNT], int part, NAME(lanes) m[COUNT]);

INLINE void NAME(compress)(NAME(lanes) h[8], const uint8_t *const block[COUNT], uint64_t count, uint64_t last) {
    NAME(lanes) m[16], v[16];
    for (int part = 0; part < 16 / COUNT; part++) NAME(words)(block, part, m + COUNT * part);
    for (int i = 0; i < 8; i++) {
        v[i] = h[i];
        v[i + 8] = (NAME(lanes)){0} + initial[i];
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

INLINE void NAME(hash)(uint8_t prefix, const uint8_t *const message[COUNT], size_t length, uint8_t *digests) {
    NAME(lanes) h[8];
    for (int i = 0; i < 8; i++) h[i] = (NAME(lanes)){0} + initial[i];
    h[0] ^= 0x01010000u ^ 32u;
    // The prefix moves the message by one byte, so the first block and the last are put together apart.
    uint8_t edge[COUNT][128];
    const uint8_t *block[COUNT];
    size_t total = length + 1, done = 0;
    while (done < total) {
        size_t take = total - done < 128 ? total - done : 128;
        for (int i = 0; i < COUNT; i++) {
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
        NAME(compress)(h, block, done, done == total ? ~(uint64_t)0 : 0);
    }
    for (int i = 0; i < COUNT; i++) {
        for (int word = 0; word < 4; word++) {
            uint64_t value = h[word][i];
            for (int byte = 0; byte < 8; byte++) digests[32 * i + 8 * word + byte] = (uint8_t)(value >> (8 * byte));
        }
    }
}

#undef MIX
