extension KernelSource {
    /// Model.md, Embedding; Step. Training.md, the digest.
    static let training = #"""
        // MARK: Elementwise

        KERNEL flow_add(const float *a, const float *b, Count n, float *c) {
            const Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) c[i] = plus(a[i], b[i]);
        }

        /// y[r] = x[rows_of[r]]. A block for each row.
        KERNEL flow_gather_rows(const float *x, const int *rows_of, Count columns, float *y) {
            const Count r = blockIdx.x;
            for (Count c = threadIdx.x; c < columns; c += blockDim.x) y[r * columns + c] = x[rows_of[r] * columns + c];
        }

        // MARK: Optimizer

        /// largest becomes the larger of itself and the magnitudes of the new weights.
        KERNEL flow_sign_step(float *weights, float *momentum, const float *gradient, Count n, float rate, Bits *largest) {
            Bits most = 0;
            for (Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (Count)gridDim.x * blockDim.x) {
                const float m = plus(momentum[i], times(minus(gradient[i], momentum[i]), 0.1f));
                float w = weights[i];
                if (m > 0.0f) w = minus(w, rate);
                if (m < 0.0f) w = plus(w, rate);
                if (w > 4.0f) w = 4.0f;
                if (w < -4.0f) w = -4.0f;
                momentum[i] = m;
                weights[i] = w;
                most = magnitude(w) > most ? magnitude(w) : most;
            }
            atomicMax(largest, most);
        }

        // MARK: Digest

        #define LEAF 131072
        #define LEAF_BYTES (3 * LEAF / 8)

        /// The three planes of every leaf, m > 0, m < 0 and the lowest bit, LEAF_BYTES from leaf to leaf. A thread for each eight elements.
        KERNEL flow_digest_planes(const float *m, Count n, unsigned char *planes) {
            const Count group = (Count)blockIdx.x * blockDim.x + threadIdx.x, first = 8 * group;
            if (first >= n) return;
            const Count leaf = first / LEAF, rest = n - leaf * LEAF;
            const Count bytes = ((rest < LEAF ? rest : LEAF) + 7) / 8;
            Bits positive = 0, negative = 0, lowest = 0;
            for (Count i = 0; i < 8 && first + i < n; i++) {
                const float value = m[first + i];
                positive |= (Bits)(value > 0.0f) << i;
                negative |= (Bits)(value < 0.0f) << i;
                lowest |= (__float_as_uint(value) & 1u) << i;
            }
            planes += leaf * LEAF_BYTES + group % (LEAF / 8);
            planes[0] = (unsigned char)positive;
            planes[bytes] = (unsigned char)negative;
            planes[2 * bytes] = (unsigned char)lowest;
        }

        __constant__ Word blake2b_initial[8] = {
            0x6A09E667F3BCC908ull, 0xBB67AE8584CAA73Bull, 0x3C6EF372FE94F82Bull, 0xA54FF53A5F1D36F1ull,
            0x510E527FADE682D1ull, 0x9B05688C2B3E6C1Full, 0x1F83D9ABFB41BD6Bull, 0x5BE0CD19137E2179ull,
        };
        __constant__ unsigned char blake2b_order[10][16] = {
            {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
            {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
            {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
            {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
            {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
        };

        DEVICE Word rotate_right(Word x, int by) { return (x >> by) | (x << (64 - by)); }

        DEVICE void blake2b_mix(Word *v, int a, int b, int c, int d, Word x, Word y) {
            v[a] += v[b] + x;
            v[d] = rotate_right(v[d] ^ v[a], 32);
            v[c] += v[d];
            v[b] = rotate_right(v[b] ^ v[c], 24);
            v[a] += v[b] + y;
            v[d] = rotate_right(v[d] ^ v[a], 16);
            v[c] += v[d];
            v[b] = rotate_right(v[b] ^ v[c], 63);
        }

        /// BLAKE2b-256 (RFC 7693) of 0x00 and a leaf's planes, a thread for each leaf of n elements in all.
        KERNEL flow_digest_leaves(const unsigned char *planes, Count n, unsigned char *hashes) {
            const Count leaf = (Count)blockIdx.x * blockDim.x + threadIdx.x;
            if (leaf * LEAF >= n) return;
            const Count rest = n - leaf * LEAF;
            const Count length = 1 + 3 * (((rest < LEAF ? rest : LEAF) + 7) / 8);
            planes += leaf * LEAF_BYTES;
            Word h[8];
            for (int i = 0; i < 8; i++) h[i] = blake2b_initial[i];
            h[0] ^= 0x01010000u ^ 32u;
            for (Count done = 0; done < length; done += 128) {
                Word m[16], v[16];
                for (int i = 0; i < 16; i++) {
                    m[i] = 0;
                    for (int byte = 0; byte < 8; byte++) {
                        // The first byte is the prefix.
                        const Count at = done + 8 * i + byte;
                        if (at > 0 && at < length) m[i] |= (Word)planes[at - 1] << (8 * byte);
                    }
                    v[i] = i < 8 ? h[i] : blake2b_initial[i - 8];
                }
                const bool last = done + 128 >= length;
                v[12] ^= (Word)(last ? length : done + 128);
                if (last) v[14] = ~v[14];
                for (int round = 0; round < 12; round++) {
                    const unsigned char *s = blake2b_order[round % 10];
                    for (int i = 0; i < 4; i++) blake2b_mix(v, i, i + 4, i + 8, i + 12, m[s[2 * i]], m[s[2 * i + 1]]);
                    for (int i = 0; i < 4; i++)
                        blake2b_mix(v, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, m[s[8 + 2 * i]], m[s[9 + 2 * i]]);
                }
                for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
            }
            for (int i = 0; i < 32; i++) hashes[32 * leaf + i] = (unsigned char)(h[i / 8] >> (8 * (i % 8)));
        }
        """#
}
