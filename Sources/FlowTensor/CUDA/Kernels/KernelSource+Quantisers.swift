extension KernelSource {
    /// Arithmetic.md, Exponent and quantiser; Sums.
    static let quantisers = #"""
        // MARK: Quantisers. A fault word is 0, or the largest scale exponent above the range, or all ones where a number was not finite.

        DEVICE int scale_exponent(Bits largest, int bits, Bits *fault) {
            if (largest >= 0x7F800000u) {
                atomicMax(fault, 0xFFFFFFFFu);
                return 0;
            }
            int s = (int)(largest >> 23) - 126 - (bits - 1);
            if (s > 40) {
                atomicMax(fault, (Bits)s);
                return 40;
            }
            return s < -60 ? -60 : s;
        }

        /// Rounded half to even by the sum with 1.5 * 2^23, clamped.
        DEVICE int quantised(float x, float inverse, int bits) {
            int limit = (1 << (bits - 1)) - 1;
            int q = (int)(__float_as_uint(plus(times(x, inverse), 12582912.0f)) - 0x4B400000u);
            return q < -limit ? -limit : q > limit ? limit : q;
        }

        /// Bytes up to 8 bits, 16-bit words above.
        DEVICE void store(void *q, Count place, Count bits, int value) {
            if (bits <= 8) ((signed char *)q)[place] = (signed char)value;
            else ((short *)q)[place] = (short)value;
        }

        KERNEL flow_quantise_rows(const float *x, Count rows, Count columns, Count stride, Count bits, void *q, Count q_stride,
                                  int *scales, Bits *fault) {
            ROW(rows)
            const Count n = live ? columns : 0;
            x += row * stride;
            Bits largest = 0;
            for (Count i = lane; i < n; i += LANES) largest = magnitude(x[i]) > largest ? magnitude(x[i]) : largest;
            largest = lane_largest(lanes, lane, largest);
            const int s = scale_exponent(largest, (int)bits, fault);
            const float inverse = power_of_two(-s);
            for (Count i = lane; i < n; i += LANES) store(q, row * q_stride + i, bits, quantised(x[i], inverse, (int)bits));
            if (live && lane == 0) scales[row] = s;
        }

        /// largest[y] becomes the larger of itself and the magnitudes of matrix y, `count` numbers each.
        KERNEL flow_matrix_largest(const float *x, Count count, Bits *largest) {
            x += (Count)blockIdx.y * count;
            Bits most = 0;
            for (Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += (Count)gridDim.x * blockDim.x)
                most = magnitude(x[i]) > most ? magnitude(x[i]) : most;
            atomicMax(largest + blockIdx.y, most);
        }

        KERNEL flow_quantise_matrices(const float *x, Count count, const Bits *largest, Count bits, void *q, int *scales, Bits *fault) {
            const int s = scale_exponent(largest[blockIdx.y], (int)bits, fault);
            const float inverse = power_of_two(-s);
            const Count first = (Count)blockIdx.y * count;
            for (Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += (Count)gridDim.x * blockDim.x)
                store(q, first + i, bits, quantised(x[first + i], inverse, (int)bits));
            if (blockIdx.x == 0 && threadIdx.x == 0) scales[blockIdx.y] = s;
        }

        // MARK: Columns. Row r of a list is row rows_of[r] of x, times 2^(factors[r * factor_stride]); without lists r and 1.

        KERNEL flow_column_largest(const float *x, const int *rows_of, const int *factors, Count factor_stride, Count rows, Count columns,
                                   Count stride, Bits *largest) {
            const Count c = (Count)blockIdx.y * blockDim.x + threadIdx.x;
            if (c >= columns) return;
            const Count first = (Count)blockIdx.x * CHUNK, end = first + CHUNK < rows ? first + CHUNK : rows;
            Bits most = 0;
            for (Count r = first; r < end; r++) {
                const Count source = rows_of ? rows_of[r] : r;
                const float factor = factors ? power_of_two(factors[r * factor_stride]) : 1.0f;
                const Bits size = magnitude(times(x[source * stride + c], factor));
                most = size > most ? size : most;
            }
            atomicMax(largest + c, most);
        }

        KERNEL flow_column_scales(const Bits *largest, Count columns, Count bits, int *scales, Bits *fault) {
            const Count c = (Count)blockIdx.x * blockDim.x + threadIdx.x;
            if (c < columns) scales[c] = scale_exponent(largest[c], (int)bits, fault);
        }

        /// A block for each row.
        KERNEL flow_quantise_by_columns(const float *x, const int *rows_of, const int *factors, Count factor_stride, Count columns,
                                        Count stride, const int *scales, Count bits, void *q, Count q_stride) {
            const Count r = blockIdx.x, source = rows_of ? rows_of[r] : r;
            const float factor = factors ? power_of_two(factors[r * factor_stride]) : 1.0f;
            for (Count c = threadIdx.x; c < columns; c += blockDim.x)
                store(q, r * q_stride + c, bits,
                      quantised(times(x[source * stride + c], factor), power_of_two(-scales[c]), (int)bits));
        }

        // MARK: Column sums, exact: 64-bit integers under one scale for the whole matrix.

        DEVICE int sum_exponent(Bits largest, Bits *fault) {
            const int e = (int)(largest >> 23) - 126;
            if (largest >= 0x7F800000u) atomicMax(fault, 0xFFFFFFFFu);
            else if (e - 7 > 40) atomicMax(fault, (Bits)(e - 7));
            return e - 31 < -84 ? -84 : e - 31;
        }

        /// sums[id(r), c] += x[r, c] as an integer. Without ids every row belongs to row 0 of the sums; ids outside 0 ..< groups are left out.
        KERNEL flow_column_add(const float *x, const int *ids, Count groups, Count rows, Count columns, Count stride, const Bits *largest,
                               Word *sums, Bits *fault) {
            const Count c = (Count)blockIdx.y * blockDim.x + threadIdx.x;
            if (c >= columns) return;
            const float inverse = power_of_two(-sum_exponent(*largest, fault));
            const Count first = (Count)blockIdx.x * CHUNK, end = first + CHUNK < rows ? first + CHUNK : rows;
            Count sum = 0;
            for (Count r = first; r < end; r++) {
                const Count value = __float2ll_rn(times(x[r * stride + c], inverse));
                if (!ids) sum += value;
                else if (ids[r] >= 0 && ids[r] < groups) atomicAdd(sums + ids[r] * columns + c, (Word)value);
            }
            if (!ids) atomicAdd(sums + c, (Word)sum);
        }

        KERNEL flow_column_finish(const Word *sums, Count n, const Bits *largest, float *y, Bits *fault) {
            const Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) y[i] = times(whole((Count)sums[i]), power_of_two(sum_exponent(*largest, fault)));
        }
        """#

    /// Arithmetic.md, Exact product: what stands before and after cuBLAS.
    static let products = #"""
        // MARK: Products

        /// An operand as rows of contracted digits in base 128, zeros in the padding. A block for each padded line; plane d holds digit d.
        KERNEL flow_pack(const void *values, Count bits, const int *rows_of, Count contracted_rows, Count lines, Count depth, Count stride,
                         Count digits, Count padded_lines, Count padded_depth, signed char *target) {
            const Count line = blockIdx.x;
            for (Count place = threadIdx.x; place < padded_depth; place += blockDim.x) {
                int rest = 0;
                if (line < lines && place < depth) {
                    const Count stored = contracted_rows ? place : line, other = contracted_rows ? line : place;
                    const Count at = (rows_of ? rows_of[stored] : stored) * stride + other;
                    rest = bits <= 8 ? ((const signed char *)values)[at] : ((const short *)values)[at];
                }
                for (Count digit = 0; digit < digits; digit++) {
                    const int low = digit == digits - 1 ? rest : ((rest + 64) & 127) - 64;
                    target[(digit * padded_lines + line) * padded_depth + place] = (signed char)low;
                    rest = (rest - low) >> 7;
                }
            }
        }

        /// Adds the digits' sums, rounds once and scales. A block for each row. Scale of row r: row_scales[rows_of(r) * row_scale_stride].
        KERNEL flow_rescale(const int *sums, Count plane, Count sums_stride, Count left_digits, Count right_digits, const int *row_scales,
                            Count row_scale_stride, const int *rows_of, const int *column_scales, Count column_scale_stride, Count columns,
                            float *y, Count y_stride) {
            const Count row = blockIdx.x;
            const int row_scale = row_scales[(rows_of ? rows_of[row] : row) * row_scale_stride];
            for (Count c = threadIdx.x; c < columns; c += blockDim.x) {
                Count sum = 0;
                for (Count left = 0; left < left_digits; left++)
                    for (Count right = 0; right < right_digits; right++)
                        sum += (Count)sums[(left * right_digits + right) * plane + row * sums_stride + c] * (1LL << (7 * (left + right)));
                y[row * y_stride + c] = times(whole(sum), power_of_two(row_scale + column_scales[c * column_scale_stride]));
            }
        }
        """#
}
