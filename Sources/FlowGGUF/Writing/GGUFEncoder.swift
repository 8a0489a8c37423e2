/// Appends fields in the file's byte order.
struct GGUFEncoder {
    var bytes: [UInt8] = []

    mutating func append<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ value: GGUFValue) {
        append(value.type.rawValue)
        switch value {
        case .uint8(let value): append(value)
        case .int8(let value): append(value)
        case .uint16(let value): append(value)
        case .int16(let value): append(value)
        case .uint32(let value): append(value)
        case .int32(let value): append(value)
        case .uint64(let value): append(value)
        case .int64(let value): append(value)
        case .float32(let value): append(value.bitPattern)
        case .float64(let value): append(value.bitPattern)
        case .bool(let value): append(UInt8(value ? 1 : 0))
        case .string(let value): append(value)
        case .array(let array): append(array)
        }
    }

    private mutating func append(_ array: GGUFArray) {
        append(array.elementType.rawValue)
        append(UInt64(array.count))
        switch array {
        case .uint8(let values): bytes.append(contentsOf: values)
        case .int8(let values): for value in values { append(value) }
        case .uint16(let values): for value in values { append(value) }
        case .int16(let values): for value in values { append(value) }
        case .uint32(let values): for value in values { append(value) }
        case .int32(let values): for value in values { append(value) }
        case .uint64(let values): for value in values { append(value) }
        case .int64(let values): for value in values { append(value) }
        case .float32(let values): for value in values { append(value.bitPattern) }
        case .float64(let values): for value in values { append(value.bitPattern) }
        case .bool(let values): for value in values { append(UInt8(value ? 1 : 0)) }
        case .string(let values):
            for index in values.indices {
                let text = values.bytes(at: index)
                append(UInt64(text.count))
                bytes.append(contentsOf: text)
            }
        }
    }
}
