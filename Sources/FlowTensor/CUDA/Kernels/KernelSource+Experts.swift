extension KernelSource {
    /// Model.md, Experts; Router.
    static let experts = #"""
        // MARK: Routing

        /// Logits become probabilities in place; the two largest logits, ties to the lower index, in ascending index, and their weights.
        KERNEL flow_route(float *logits, Count rows, Count experts, int *chosen, float *weights) {
            ROW(rows)
            const Count n = live ? experts : 0;
            float *z = logits + row * experts;
            Count best = 0, second = -1;
            if (lane == 0) {
                for (Count e = 1; e < n; e++) {
                    if (z[e] > z[best]) {
                        second = best;
                        best = e;
                    } else if (second < 0 || z[e] > z[second]) second = e;
                }
            }
            float maximum;
            const float c = over(1.0f, exponentials(z, z, n, lanes, lane, &maximum));
            for (Count e = lane; e < n; e += LANES) z[e] = times(z[e], c);
            __syncthreads();
            if (live && lane == 0) {
                const Count a = best < second ? best : second, b = best < second ? second : best;
                const float sum = plus(z[a], z[b]);
                chosen[2 * row] = (int)a;
                chosen[2 * row + 1] = (int)b;
                weights[2 * row] = over(z[a], sum);
                weights[2 * row + 1] = over(z[b], sum);
            }
        }

        /// Slots ordered by expert, then by token. One block; a thread goes through all choices for each of its experts.
        KERNEL flow_arrange(const int *chosen, Count tokens, Count experts, int *first, int *slot_tokens, int *choices, int *slots) {
            for (Count e = threadIdx.x; e < experts; e += blockDim.x) {
                int count = 0;
                for (Count choice = 0; choice < 2 * tokens; choice++) count += chosen[choice] == e;
                first[e + 1] = count;
            }
            __syncthreads();
            if (threadIdx.x == 0) {
                first[0] = 0;
                for (Count e = 0; e < experts; e++) first[e + 1] += first[e];
            }
            __syncthreads();
            for (Count e = threadIdx.x; e < experts; e += blockDim.x) {
                int next = first[e];
                for (Count choice = 0; choice < 2 * tokens; choice++) {
                    if (chosen[choice] != e) continue;
                    slots[choice] = next;
                    slot_tokens[next] = (int)(choice / 2);
                    choices[next] = (int)choice;
                    next++;
                }
            }
        }

        // MARK: SwiGLU

        KERNEL flow_swiglu(const float *gate, const float *up, Count n, float *a) {
            const Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) a[i] = times(times(gate[i], sigmoid(gate[i])), up[i]);
        }

        /// Outputs may be inputs, but not each other.
        KERNEL flow_swiglu_backward(const float *gate, const float *up, const float *da, Count n, float *d_gate, float *d_up, float *a) {
            const Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x;
            if (i >= n) return;
            const float g = gate[i], u = up[i], d = da[i], s = sigmoid(g), gated = times(g, s);
            a[i] = times(gated, u);
            d_up[i] = times(d, gated);
            d_gate[i] = times(times(d, u), times(s, plus(1.0f, times(g, minus(1.0f, s)))));
        }

        // MARK: Rows of slots

        /// y[t] = (w_a * x[slot a]) + (w_b * x[slot b]) for the two slots of token t; without weights the plain sum. A block for each token.
        KERNEL flow_combine(const float *x, const int *slots, const float *weights, Count columns, float *y) {
            const Count t = blockIdx.x;
            const float *a = x + slots[2 * t] * columns, *b = x + slots[2 * t + 1] * columns;
            const float wa = weights ? weights[2 * t] : 1.0f, wb = weights ? weights[2 * t + 1] : 1.0f;
            for (Count c = threadIdx.x; c < columns; c += blockDim.x) y[t * columns + c] = plus(times(wa, a[c]), times(wb, b[c]));
        }

        /// For each slot: dO = w * dy of its token, and dw = lanedot(dy, O). Choice 2 * t + i is token t's i-th.
        KERNEL flow_expert_output_gradient(const float *dy, const float *outputs, const int *choices, const float *weights, Count rows,
                                           Count columns, float *d_outputs, float *d_weights) {
            ROW(rows)
            const Count n = live ? columns : 0;
            const Count choice = live ? choices[row] : 0;
            const float weight = live ? weights[choice] : 0.0f;
            dy += choice / 2 * columns;
            float sum = 0.0f;
            for (Count i = lane; i < n; i += LANES) {
                sum = plus(sum, times(dy[i], outputs[row * columns + i]));
                d_outputs[row * columns + i] = times(dy[i], weight);
            }
            sum = lane_sum(lanes, lane, sum);
            if (live && lane == 0) d_weights[choice] = sum;
        }

        // MARK: The router's gradient

        /// C_e = (factor * (count_e / (2 * tokens))) / tokens.
        KERNEL flow_balance(const int *first, Count experts, Count tokens, float factor, float *balance) {
            const Count e = (Count)blockIdx.x * blockDim.x + threadIdx.x;
            if (e < experts)
                balance[e] = over(times(factor, over(whole(first[e + 1] - first[e]), whole(2 * tokens))), whole(tokens));
        }

        /// dz = p * (C - lanedot(p, C)), then + v and - v at the two chosen experts, v = (w_a * w_b) * (dw_a - dw_b).
        KERNEL flow_router_gradient(const float *probabilities, const float *balance, const int *chosen, const float *weights,
                                    const float *d_weights, Count rows, Count experts, float *dz) {
            ROW(rows)
            const Count n = live ? experts : 0;
            const float *p = probabilities + row * experts;
            float sum = 0.0f;
            for (Count e = lane; e < n; e += LANES) sum = plus(sum, times(p[e], balance[e]));
            const float k = lane_sum(lanes, lane, sum);
            for (Count e = lane; e < n; e += LANES) {
                const float v = times(times(weights[2 * row], weights[2 * row + 1]), minus(d_weights[2 * row], d_weights[2 * row + 1]));
                float z = times(p[e], minus(balance[e], k));
                if (e == chosen[2 * row]) z = plus(z, v);
                if (e == chosen[2 * row + 1]) z = minus(z, v);
                dz[row * experts + e] = z;
            }
        }
        """#
}
