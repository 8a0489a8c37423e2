public import FlowGGUF

/// How the weights of an exported model are stored. One-dimensional tensors and the router stay F32 in every format.
public enum ExportFormat: String, Sendable, CaseIterable {
    /// binary32: the chain's weights, bit for bit.
    case f32
    /// binary16.
    case f16
    /// 8 bits in blocks of 32.
    case q8_0

    /// The type of large tensors whose rows are whole blocks; others become F16.
    public var tensorType: GGUFTensorType {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .q8_0: .q8_0
        }
    }

    /// llama.cpp's number for the format, `general.file_type`.
    var fileType: UInt32 {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q8_0: 7
        }
    }
}
