extension GGUFCursor {
    /// A value of the type `type`, the type's number being read already.
    mutating func readValue(
        _ type: GGUFValueType, key: String, limits: GGUFLimits
    ) throws(GGUFError) -> GGUFValue {
        let field = "the value of '\(shown(key))'"
        switch type {
        case .uint8: return .uint8(try read(field))
        case .int8: return .int8(try read(field))
        case .uint16: return .uint16(try read(field))
        case .int16: return .int16(try read(field))
        case .uint32: return .uint32(try read(field))
        case .int32: return .int32(try read(field))
        case .uint64: return .uint64(try read(field))
        case .int64: return .int64(try read(field))
        case .float32: return .float32(Float(bitPattern: try read(field)))
        case .float64: return .float64(Double(bitPattern: try read(field)))
        case .bool: return .bool(try readBoolean(key: key))
        case .string:
            return .string(String(decoding: try readText(limit: limits.stringLength, isName: false, field), as: UTF8.self))
        case .array: return .array(try readArray(key: key, limits: limits))
        }
    }

    /// The number of a value type.
    mutating func readValueType(key: String) throws(GGUFError) -> GGUFValueType {
        let start = offset
        let raw = try read(UInt32.self, "the type of '\(shown(key))'")
        guard let type = GGUFValueType(rawValue: raw) else {
            throw .unknownValueType(raw, key: key, offset: start)
        }
        return type
    }

    private mutating func readBoolean(key: String) throws(GGUFError) -> Bool {
        let start = offset
        let byte = try read(UInt8.self, "the value of '\(shown(key))'")
        guard byte <= 1 else { throw .invalidBoolean(byte, key: key, offset: start) }
        return byte == 1
    }

    private mutating func readArray(key: String, limits: GGUFLimits) throws(GGUFError) -> GGUFArray {
        let start = offset
        let type = try readValueType(key: key)
        if type == .array { throw .nestedArray(key: key, offset: start) }
        let field = "the array '\(shown(key))'"
        let countOffset = offset
        let count = try read(UInt64.self, "the length of \(field)")
        let (needed, overflow) = count.multipliedReportingOverflow(by: UInt64(type.smallestByteCount))
        guard !overflow, needed <= UInt64(remaining) else {
            throw .truncated(
                field: field, needed: overflow ? .max : needed, available: UInt64(remaining), offset: offset)
        }
        guard count <= limits.arrayLength else {
            throw .limitExceeded(
                field: "the length of \(field)", value: count, limit: limits.arrayLength, offset: countOffset)
        }
        let length = Int(count)
        switch type {
        case .uint8: return .uint8(try readIntegers(length, field))
        case .int8: return .int8(try readIntegers(length, field))
        case .uint16: return .uint16(try readIntegers(length, field))
        case .int16: return .int16(try readIntegers(length, field))
        case .uint32: return .uint32(try readIntegers(length, field))
        case .int32: return .int32(try readIntegers(length, field))
        case .uint64: return .uint64(try readIntegers(length, field))
        case .int64: return .int64(try readIntegers(length, field))
        case .float32:
            var values: [Float] = []
            values.reserveCapacity(length)
            for _ in 0..<length { values.append(Float(bitPattern: try read(field))) }
            return .float32(values)
        case .float64:
            var values: [Double] = []
            values.reserveCapacity(length)
            for _ in 0..<length { values.append(Double(bitPattern: try read(field))) }
            return .float64(values)
        case .bool:
            var values: [Bool] = []
            values.reserveCapacity(length)
            for _ in 0..<length { values.append(try readBoolean(key: key)) }
            return .bool(values)
        case .string, .array:
            return .string(try readStrings(length, key: key, limits: limits))
        }
    }

    private mutating func readIntegers<T: FixedWidthInteger>(_ count: Int, _ field: String) throws(GGUFError) -> [T] {
        var values: [T] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try read(field)) }
        return values
    }

    /// Two passes: the first finds out how long all texts are, so that memory is asked for once.
    private mutating func readStrings(_ count: Int, key: String, limits: GGUFLimits) throws(GGUFError) -> GGUFStrings {
        var ahead = self
        var total = 0
        for index in 0..<count {
            total += try ahead.readText(
                limit: limits.stringLength, isName: false, "element \(index) of the array '\(shown(key))'").count
        }
        var strings = GGUFStrings()
        strings.reserveCapacity(strings: count, bytes: total)
        for _ in 0..<count {
            let length = Int(clamping: try read(UInt64.self, "a length"))
            strings.append(validated: try readBytes(length, "a text"))
        }
        return strings
    }
}
