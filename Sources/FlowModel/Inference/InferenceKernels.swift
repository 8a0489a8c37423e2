internal import CFlowKernels
internal import FlowGGUF

/// The fastest kernels that this processor runs. They are not consensus: other orders of addition are as right.
enum InferenceKernels {
    static let best: cflow_inference = cflow_inference_best().pointee

    /// Elements of a row of inputs that share a scale.
    static let groupLength = Int(CFLOW_INPUT_GROUP)

    /// The kernels' number of a storage type; nil for a type that has to be decoded first.
    static func type(_ type: GGUFTensorType) -> Int32? {
        switch type {
        case .f32, .f16, .bf16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q6_K: Int32(type.rawValue)
        default: nil
        }
    }

    /// x_i / sqrt(mean(x²) + ε) · g_i; `y` may be `x`.
    @inline(__always)
    static func rmsNorm(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, epsilon: Float, _ count: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        best.norm(x, gain, epsilon, count, y)
    }
}
