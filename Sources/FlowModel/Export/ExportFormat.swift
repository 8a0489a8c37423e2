import FlowGGUF

/// How the weights of an exported model are stored. One-dimensional tensors and the router stay F32 in every format.
public enum ExportFormat: String, Sendable, CaseIterable {
    /// binary32: the chain's weights, bit for bit.
    case f32
    /// binary16.
    case f16
    /// bfloat16.
    case bf16
    /// 8 bits in blocks of 32.
    case q8_0
    /// 6 bits in blocks of 256 with sixteen scales.
    case q6_K = "q6_k"
    /// 4 bits in blocks of 256 with eight scales and minima.
    case q4_K = "q4_k"
    /// 4 bits in blocks of 32.
    case q4_0

    /// The type of large tensors whose rows are whole blocks.
    var tensorType: GGUFTensorType {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        case .q8_0: .q8_0
        case .q6_K: .q6_K
        case .q4_K: .q4_K
        case .q4_0: .q4_0
        }
    }

    /// The type of tensors with rows of `length`: the format's own, or the next that holds such rows.
    func tensorType(rowLength length: Int) -> GGUFTensorType {
        if length % tensorType.blockLength == 0 { return tensorType }
        return length % GGUFTensorType.q8_0.blockLength == 0 ? .q8_0 : .f16
    }

    /// llama.cpp's number for the format, `general.file_type`.
    public var fileType: UInt32 {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q4_0: 2
        case .q8_0: 7
        case .q4_K: 14
        case .q6_K: 18
        case .bf16: 32
        }
    }
}
