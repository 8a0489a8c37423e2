public import FlowJSON

extension JSONValue {
    /// Haruki as a number of whole coins with eight decimals, exact.
    public static func amount(haruki: Int64) -> JSONValue {
        let magnitude = haruki.magnitude
        let fraction = String(magnitude % 100_000_000)
        let padded = String(repeating: "0", count: 8 - fraction.count) + fraction
        return .number((haruki < 0 ? "-" : "") + String(magnitude / 100_000_000) + "." + padded)
    }

    /// Its kind in one word, as bitcoind's errors name it.
    var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// A number of coins with at most eight decimals as haruki, exact; nil when it is no such number or does not fit.
    var harukiValue: Int64? {
        let text: String
        switch self {
        case .number(let value): text = value
        case .string(let value): text = value
        default: return nil
        }
        return Self.haruki(text)
    }

    private static func haruki(_ text: String) -> Int64? {
        var bytes = Array(text.utf8)[...]
        var negative = false
        if bytes.first == UInt8(ascii: "-") {
            negative = true
            bytes = bytes.dropFirst()
        }
        var exponent = 0
        if let mark = bytes.firstIndex(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }) {
            guard let value = Int(String(decoding: bytes[(mark + 1)...], as: UTF8.self)), value.magnitude <= 32 else { return nil }
            exponent = value
            bytes = bytes[..<mark]
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, whole.count == 1 || whole.first != 48 else { return nil }
        let fraction = parts.count > 1 ? parts[1] : []
        guard parts.count == 1 || !fraction.isEmpty else { return nil }
        var digits = Array(whole) + Array(fraction)
        guard digits.count <= 40, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        var scale = 8 + exponent - fraction.count
        while scale > 0 {
            digits.append(48)
            scale -= 1
        }
        while scale < 0 {
            guard let last = digits.popLast() else { break }
            guard last == 48 else { return nil }
            scale += 1
        }
        var value: Int64 = 0
        for digit in digits {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(digit - 48))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return negative ? -value : value
    }
}
