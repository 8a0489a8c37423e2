/// A metadata array; all elements have one type.
public enum GGUFArray: Sendable, Equatable {
    case uint8([UInt8]), int8([Int8]), uint16([UInt16]), int16([Int16]), uint32([UInt32]), int32([Int32])
    case float32([Float]), bool([Bool]), string(GGUFStrings), uint64([UInt64]), int64([Int64]), float64([Double])

    public var elementType: GGUFValueType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    public var count: Int {
        switch self {
        case .uint8(let values): values.count
        case .int8(let values): values.count
        case .uint16(let values): values.count
        case .int16(let values): values.count
        case .uint32(let values): values.count
        case .int32(let values): values.count
        case .float32(let values): values.count
        case .bool(let values): values.count
        case .string(let values): values.count
        case .uint64(let values): values.count
        case .int64(let values): values.count
        case .float64(let values): values.count
        }
    }

    /// The elements as integers, when they are of an integer type and each fits an `Int`.
    public var integers: [Int]? {
        switch self {
        case .uint8(let values): values.map(Int.init)
        case .int8(let values): values.map(Int.init)
        case .uint16(let values): values.map(Int.init)
        case .int16(let values): values.map(Int.init)
        case .uint32(let values): values.map(Int.init)
        case .int32(let values): values.map(Int.init)
        case .uint64(let values): values.contains { $0 > UInt64(Int.max) } ? nil : values.map { Int($0) }
        case .int64(let values): values.map { Int($0) }
        case .float32, .float64, .bool, .string: nil
        }
    }
}
