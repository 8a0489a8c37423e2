public import FlowEncoding

/// An amount of money in haruki; 1 FLOW is 100,000,000 haruki.
///
/// A decoded amount may lie outside of the range of money; the rules say so (`isMoney`). Sums are checked and never trap.
public struct Amount: Hashable, Sendable {
    /// The amount in haruki, the smallest unit.
    public let haruki: Int64

    public static let harukiPerFlow: Int64 = 100_000_000
    public static let zero = Amount(haruki: 0)
    /// No amount and no sum of amounts may exceed this bound: 21 million FLOW.
    public static let maxMoney = Amount(haruki: 2_100_000_000_000_000)

    public init(haruki: Int64) {
        self.haruki = haruki
    }

    /// True for 0 … 21 million FLOW.
    public var isMoney: Bool { haruki >= 0 && haruki <= Self.maxMoney.haruki }

    /// The sum, or nil when it or one of its terms lies outside of the range of money.
    public func adding(_ other: Amount) -> Amount? {
        guard isMoney, other.isMoney else { return nil }
        let sum = Amount(haruki: haruki &+ other.haruki)
        return sum.isMoney ? sum : nil
    }

    /// The difference, or nil when it or one of its terms lies outside of the range of money.
    public func subtracting(_ other: Amount) -> Amount? {
        guard isMoney, other.isMoney else { return nil }
        let difference = Amount(haruki: haruki &- other.haruki)
        return difference.isMoney ? difference : nil
    }

    /// The sum of all, or nil when it or a partial sum lies outside of the range of money.
    public static func sum(_ amounts: some Sequence<Amount>) -> Amount? {
        var total = Amount.zero
        for amount in amounts {
            guard let next = total.adding(amount) else { return nil }
            total = next
        }
        return total
    }
}

extension Amount: Comparable {
    public static func < (left: Amount, right: Amount) -> Bool { left.haruki < right.haruki }
}

extension Amount: CustomStringConvertible {
    /// The amount in FLOW with eight digits after the point, such as `50.00000000`.
    public var description: String {
        let magnitude = haruki.magnitude
        let unit = UInt64(Self.harukiPerFlow)
        let fraction = String(magnitude % unit)
        let padding = String(repeating: "0", count: 8 - fraction.count)
        return (haruki < 0 ? "-" : "") + String(magnitude / unit) + "." + padding + fraction
    }

    /// Reads an amount in FLOW, such as `1`, `0.5` or `12.00000001`: digits with at most eight after the point,
    /// within the range of money. Anything else gives nil.
    public init?(flow text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let first = parts.first, !first.isEmpty, first.count <= 8 else { return nil }
        let fraction = parts.count == 2 ? Array(parts[1]) : []
        guard parts.count == 1 || (1...8).contains(fraction.count) else { return nil }
        var value: Int64 = 0
        for digit in Array(first) + fraction + [UInt8](repeating: UInt8(ascii: "0"), count: 8 - fraction.count) {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        self.init(haruki: value)
        guard isMoney else { return nil }
    }
}

extension Amount: BinaryCodable {
    public func encode(to writer: inout ByteWriter) {
        writer.write(UInt64(bitPattern: haruki))
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        self.init(haruki: Int64(bitPattern: try reader.readUInt64()))
    }
}
