/// The CUDA C of the device's kernels: the operations of a training step, as `Documentation/Protocol/Arithmetic.md` and `Model.md` define them.
///
/// One text, compiled at run time by NVRTC for the device that is there, and by clang for a processor in the tests. Every floating point operation
/// stands alone: the intrinsics with `_rn` are never contracted, and ``options`` switch contraction, flush to zero and approximations off once more.
/// No function of a mathematics library is called. Sums over rows are exact integers, so atomic additions in any order give the same bits; lane
/// sums have the shape of the definition: sixteen threads a row, one for each lane.
enum KernelSource {
    static let text = [prelude, quantisers, products, layers, experts, training].joined(separator: "\n")

    /// What NVRTC is told besides the architecture.
    static let options = ["--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true"]

    /// Rows that a block of a row kernel works on, sixteen threads each.
    static let rowsPerBlock = 8
    /// Rows that a thread of a column kernel adds up.
    static let rowsPerChunk = 64

    private static let prelude = #"""
        typedef long long Count;
        typedef unsigned int Bits;
        typedef unsigned long long Word;

        #define LANES 16
        #define ROWS \#(rowsPerBlock)
        #define CHUNK \#(rowsPerChunk)
        #define KERNEL extern "C" __global__ void
        #define DEVICE __device__ static inline

        // MARK: One rounding each

        DEVICE float plus(float a, float b) { return __fadd_rn(a, b); }
        DEVICE float minus(float a, float b) { return __fsub_rn(a, b); }
        DEVICE float times(float a, float b) { return __fmul_rn(a, b); }
        DEVICE float over(float a, float b) { return __fdiv_rn(a, b); }
        DEVICE float root(float a) { return __fsqrt_rn(a); }
        DEVICE float whole(Count n) { return __ll2float_rn(n); }

        DEVICE Bits magnitude(float x) { return __float_as_uint(x) & 0x7FFFFFFFu; }

        /// 2^e; outside of -126 ... 127 the nearer bound counts.
        DEVICE float power_of_two(int e) {
            e = e < -126 ? -126 : e > 127 ? 127 : e;
            return __uint_as_float((Bits)(e + 127) << 23);
        }

        // MARK: Functions

        DEVICE float exponential(float x) {
            float t = x < -80.0f ? -80.0f : x;
            t = t > 80.0f ? 80.0f : t;
            float shifted = plus(times(t, 1.44269504088896341f), 12582912.0f);
            float n = minus(shifted, 12582912.0f);
            float r = minus(minus(t, times(n, 0.693359375f)), times(n, -2.12194440e-4f));
            float z = times(r, r);
            float p = 1.9875691500e-4f;
            p = plus(times(p, r), 1.3981999507e-3f);
            p = plus(times(p, r), 8.3334519073e-3f);
            p = plus(times(p, r), 4.1665795894e-2f);
            p = plus(times(p, r), 1.6666665459e-1f);
            p = plus(times(p, r), 5.0000001201e-1f);
            float y = plus(plus(times(p, z), r), 1.0f);
            // The bits of 12582912 + n count n, -115 <= n <= 115. Where x is a NaN so is y.
            return times(y, __uint_as_float((__float_as_uint(shifted) - (0x4B400000u - 127u)) << 23));
        }

        DEVICE float sigmoid(float x) { return over(1.0f, plus(1.0f, exponential(-x))); }

        /// x normal and positive.
        DEVICE float logarithm(float x) {
            Bits bits = __float_as_uint(x);
            int e = (int)((bits >> 23) & 0xFFu) - 126;
            float m = __uint_as_float((bits & 0x007FFFFFu) | 0x3F000000u), r;
            if (m < 0.707106781186547524f) {
                e = e - 1;
                r = minus(plus(m, m), 1.0f);
            } else r = minus(m, 1.0f);
            float exponent = whole(e), z = times(r, r);
            float p = 7.0376836292e-2f;
            p = plus(times(p, r), -1.1514610310e-1f);
            p = plus(times(p, r), 1.1676998740e-1f);
            p = plus(times(p, r), -1.2420140846e-1f);
            p = plus(times(p, r), 1.4249322787e-1f);
            p = plus(times(p, r), -1.6668057665e-1f);
            p = plus(times(p, r), 2.0000714765e-1f);
            p = plus(times(p, r), -2.4999993993e-1f);
            p = plus(times(p, r), 3.3333331174e-1f);
            float y = times(times(p, r), z);
            y = plus(y, times(exponent, -2.12194440e-4f));
            y = minus(y, times(0.5f, z));
            return plus(plus(r, y), times(exponent, 0.693359375f));
        }

        // MARK: Rows. Sixteen threads work on a row, thread l on the elements l, l + 16, ...; all threads of a block reach every barrier.

        #define ROW(rows) \
            __shared__ Bits shared[ROWS][LANES]; \
            const int lane = (int)threadIdx.x; \
            Bits *lanes = shared[threadIdx.y]; \
            const Count row = (Count)blockIdx.x * ROWS + threadIdx.y; \
            const bool live = row < (rows);

        /// The tree over the lanes of a sum: l + (l + 8), then 4, 2 and 1.
        DEVICE float lane_sum(Bits *lanes, int lane, float sum) {
            lanes[lane] = __float_as_uint(sum);
            __syncthreads();
            for (int h = LANES / 2; h > 0; h >>= 1) {
                if (lane < h)
                    lanes[lane] = __float_as_uint(plus(__uint_as_float(lanes[lane]), __uint_as_float(lanes[lane + h])));
                __syncthreads();
            }
            float result = __uint_as_float(lanes[0]);
            __syncthreads();
            return result;
        }

        /// The largest of the lanes' magnitudes.
        DEVICE Bits lane_largest(Bits *lanes, int lane, Bits largest) {
            lanes[lane] = largest;
            __syncthreads();
            for (int h = LANES / 2; h > 0; h >>= 1) {
                if (lane < h && lanes[lane + h] > lanes[lane]) lanes[lane] = lanes[lane + h];
                __syncthreads();
            }
            Bits result = lanes[0];
            __syncthreads();
            return result;
        }

        /// The largest of the lanes' numbers; a zero is +0.
        DEVICE float lane_most(Bits *lanes, int lane, float most) {
            lanes[lane] = __float_as_uint(most);
            __syncthreads();
            for (int h = LANES / 2; h > 0; h >>= 1) {
                if (lane < h && __uint_as_float(lanes[lane + h]) > __uint_as_float(lanes[lane])) lanes[lane] = lanes[lane + h];
                __syncthreads();
            }
            float result = plus(__uint_as_float(lanes[0]), 0.0f);
            __syncthreads();
            return result;
        }

        /// e = exp(x - maximum) of a row; returns the lane sum. e may be x. Every thread reads what it needs of x by other lanes before the call.
        DEVICE float exponentials(const float *x, float *e, Count n, Bits *lanes, int lane, float *maximum) {
            float most = __uint_as_float(0xFF800000u);
            for (Count i = lane; i < n; i += LANES) most = x[i] > most ? x[i] : most;
            most = lane_most(lanes, lane, most);
            float sum = 0.0f;
            for (Count i = lane; i < n; i += LANES) {
                float value = exponential(minus(x[i], most));
                e[i] = value;
                sum = plus(sum, value);
            }
            *maximum = most;
            return lane_sum(lanes, lane, sum);
        }
        """#
}
