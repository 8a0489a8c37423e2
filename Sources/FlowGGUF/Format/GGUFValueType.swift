/// The type of a metadata value, with the number that stands for it in the file.
public enum GGUFValueType: UInt32, Sendable, CaseIterable {
    case uint8 = 0, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes of one value; a string or an array has a length of its own.
    public var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }

    /// The least number of bytes that a value takes in the file.
    var smallestByteCount: Int { byteCount ?? (self == .string ? 8 : 12) }
}
