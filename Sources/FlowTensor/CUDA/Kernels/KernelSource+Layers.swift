extension KernelSource {
    /// Model.md, Forward; Loss and backward: what belongs to one row.
    static let layers = #"""
        // MARK: RMSNorm

        KERNEL flow_rms_norm(const float *x, const float *gain, Count rows, Count columns, float *y, float *inverses) {
            ROW(rows)
            const Count n = live ? columns : 0;
            x += row * columns;
            y += row * columns;
            float sum = 0.0f;
            for (Count i = lane; i < n; i += LANES) sum = plus(sum, times(x[i], x[i]));
            const float q = lane_sum(lanes, lane, sum);
            const float r = over(1.0f, root(plus(over(q, whole(columns)), 1e-6f)));
            for (Count i = lane; i < n; i += LANES) y[i] = times(times(x[i], r), gain[i]);
            if (live && lane == 0) inverses[row] = r;
        }

        /// dx may be dy.
        KERNEL flow_rms_norm_backward(const float *x, const float *gain, const float *inverses, const float *dy, Count rows, Count columns,
                                      float *dx, float *gain_terms) {
            ROW(rows)
            const Count n = live ? columns : 0;
            const Count place = row * columns;
            float sum = 0.0f;
            for (Count i = lane; i < n; i += LANES) sum = plus(sum, times(times(dy[place + i], gain[i]), x[place + i]));
            const float c = lane_sum(lanes, lane, sum);
            const float r = live ? inverses[row] : 0.0f;
            const float f = times(times(times(r, r), r), over(c, whole(columns)));
            for (Count i = lane; i < n; i += LANES) {
                const float a = x[place + i], d = dy[place + i];
                dx[place + i] = minus(times(times(d, gain[i]), r), times(a, f));
                gain_terms[place + i] = times(d, times(a, r));
            }
        }

        // MARK: Rotary. Rows are (token, head); the angle is the token's position in its window.

        KERNEL flow_rotate(float *u, Count rows, Count heads, Count length, Count half, const float *cosines, const float *sines,
                           Count backward) {
            const Count row = (Count)blockIdx.x * ROWS + threadIdx.y;
            if (row >= rows) return;
            const Count angles = row / heads % length * half;
            u += row * 2 * half;
            for (Count i = threadIdx.x; i < half; i += LANES) {
                const float a = u[i], b = u[i + half], c = cosines[angles + i], s = sines[angles + i];
                if (backward) {
                    u[i] = plus(times(a, c), times(b, s));
                    u[i + half] = minus(times(b, c), times(a, s));
                } else {
                    u[i] = minus(times(a, c), times(b, s));
                    u[i + half] = plus(times(a, s), times(b, c));
                }
            }
        }

        // MARK: Attention. Rows are (window, head, position i); the row's first i + 1 elements are visible, the others become +0.

        /// The exponent of position j of the row's window and head stands at [(window * length + j) * heads + head].
        #define PAIR \
            const Count pair = row / length, position = row - pair * length; \
            const Count n = live ? position + 1 : 0, end = live ? length : 0; \
            const Count token = pair / heads * length, head = pair % heads;

        /// p = softmax(x * factor) in place, folded = p * 2^(the value's scale).
        KERNEL flow_attention_rows(float *x, const int *exponents, Count rows, Count length, Count heads, Count stride, float factor,
                                   float *folded) {
            ROW(rows)
            PAIR
            x += row * stride;
            folded += row * stride;
            for (Count j = lane; j < n; j += LANES) x[j] = times(x[j], factor);
            float maximum;
            const float c = over(1.0f, exponentials(x, x, n, lanes, lane, &maximum));
            for (Count j = lane; j < end; j += LANES) {
                const float p = j < n ? times(x[j], c) : 0.0f;
                x[j] = p;
                folded[j] = j < n ? times(p, power_of_two(exponents[(token + j) * heads + head])) : 0.0f;
            }
        }

        /// dp becomes ds = (p * (dp - k)) * factor, folded = ds * 2^(the key's scale).
        KERNEL flow_attention_rows_backward(const float *p, float *dp, const int *exponents, Count rows, Count length, Count heads,
                                            Count stride, float factor, float *folded) {
            ROW(rows)
            PAIR
            p += row * stride;
            dp += row * stride;
            folded += row * stride;
            float sum = 0.0f;
            for (Count j = lane; j < n; j += LANES) sum = plus(sum, times(p[j], dp[j]));
            const float k = lane_sum(lanes, lane, sum);
            for (Count j = lane; j < end; j += LANES) {
                const float ds = j < n ? times(times(p[j], minus(dp[j], k)), factor) : 0.0f;
                dp[j] = ds;
                folded[j] = j < n ? times(ds, power_of_two(exponents[(token + j) * heads + head])) : 0.0f;
            }
        }

        // MARK: Loss

        /// The logits become (softmax - onehot) * factor; 0 <= target < columns.
        KERNEL flow_cross_entropy(float *logits, const int *targets, Count rows, Count columns, float factor, float *losses) {
            ROW(rows)
            const Count n = live ? columns : 0;
            float *z = logits + row * columns;
            const Count target = live ? targets[row] : 0;
            const float wanted = live ? z[target] : 0.0f;
            float maximum;
            const float sum = exponentials(z, z, n, lanes, lane, &maximum);
            const float c = over(1.0f, sum);
            for (Count i = lane; i < n; i += LANES) {
                float p = times(z[i], c);
                if (i == target) p = minus(p, 1.0f);
                z[i] = times(p, factor);
            }
            if (live && lane == 0) losses[row] = minus(plus(logarithm(sum), maximum), wanted);
        }
        """#
}
