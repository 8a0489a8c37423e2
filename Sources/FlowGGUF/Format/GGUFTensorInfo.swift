/// Name, shape, type and place of one tensor of a file.
public struct GGUFTensorInfo: Sendable, Equatable {
    public let name: String
    /// Zero to four dimensions in the order of the file: the first runs fastest. A matrix of `rows` rows of `columns`
    /// elements has the dimensions `[columns, rows]`.
    public let dimensions: [Int]
    public let type: GGUFTensorType
    /// Which part of a split file holds the data, from 0; 0 for a file that is whole.
    public var part: Int { Int(partNumber) }
    let partNumber: UInt16
    /// Offset of the data from the start of the data section, in bytes.
    public let offset: UInt64
    /// Offset of the data from the start of the file (of its part, for a split file), in bytes.
    public let fileOffset: UInt64
    /// Bytes of data, without padding.
    public let byteCount: Int

    /// Product of the dimensions.
    public var elementCount: Int { dimensions.reduce(1, *) }
    /// Elements of one row, the first dimension.
    public var rowLength: Int { dimensions.first ?? 1 }
    /// Product of all dimensions but the first.
    public var rowCount: Int { dimensions.dropFirst().reduce(1, *) }
    /// Bytes of one row.
    public var rowByteCount: Int { rowLength / type.blockLength * type.blockByteCount }

    /// For error messages, such as `F32 [64, 258]`.
    public var summary: String { "\(type) \(dimensions)" }
}
