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

    /// The kernels for a model: those that follow llama.cpp for public models.
    static func kernels(_ configuration: InferenceConfiguration) -> cflow_inference {
        configuration.followsLlama ? followingLlama(best) : best
    }

    /// `kernels` with those that follow llama.cpp in the places of the others.
    static func followingLlama(_ kernels: cflow_inference) -> cflow_inference {
        var kernels = kernels
        kernels.norm = kernels.llama_norm
        kernels.swiglu = kernels.llama_swiglu
        kernels.attend = kernels.llama_attend
        kernels.rotate = kernels.llama_rotate
        return kernels
    }
}
