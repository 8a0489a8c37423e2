internal import CFlowKernels
internal import FlowGGUF

extension WeightMatrix {
    /// Computes outputs `range` of `tokens` rows of input: `output[t][r] = input[t] · row r`, or adds that to it.
    ///
    /// - Parameter outputRows: which row of `output` belongs to each input; nil for the same.
    @inline(__always)
    func multiply(
        _ inputs: cflow_inputs, tokens: Int, into output: UnsafeMutablePointer<Float>, stride: Int,
        outputRows: UnsafePointer<Int32>? = nil, adding: Bool = false, _ range: Range<Int>
    ) {
        var matrix = cflow_matrix(
            type: kernelType ?? floatType, weights: base, row_bytes: rowByteCount, columns: columns, inputs: inputs,
            tokens: tokens, y: output, y_stride: stride, y_rows: outputRows, adds: adding)
        if kernelType != nil {
            InferenceKernels.best.multiply(&matrix, range.lowerBound, range.upperBound)
        } else {
            multiplyDecoded(&matrix, range)
        }
    }

    /// For types without a kernel: each row is decoded first.
    @inline(never)
    private func multiplyDecoded(_ matrix: inout cflow_matrix, _ range: Range<Int>) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { scratch in
            guard let decoded = scratch.baseAddress else { return }
            let output = matrix.y
            for row in range {
                decodeRow(row, into: decoded)
                matrix.weights = UnsafeRawPointer(decoded)
                matrix.y = output + row
                InferenceKernels.best.multiply(&matrix, 0, 1)
            }
        }
    }
}

private let floatType = Int32(GGUFTensorType.f32.rawValue)
