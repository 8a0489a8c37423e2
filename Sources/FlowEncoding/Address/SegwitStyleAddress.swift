/// An address of Bitcoin's segwit form: prefix, version and program, written as bech32 (version 0) or bech32m (1–16).
///
/// The codec accepts what BIP-350 accepts: version 0 with 20 or 32 bytes, versions 1 to 16 with 2 to 40. Which of
/// these a network pays to is that network's rule.
public struct SegwitStyleAddress: Hashable, Sendable {
    /// The human-readable part in lower case: which network the address belongs to.
    public let prefix: String
    /// 0 to 16.
    public let version: UInt8
    /// 2 to 40 bytes; for version 0, 20 or 32.
    public let program: [UInt8]
    private let text: String

    /// Checks version, length and prefix. A prefix in upper case throws `mixedCase`.
    public init(prefix: String, version: UInt8, program: [UInt8]) throws(Bech32Error) {
        try Self.check(version: version, length: program.count)
        let values = [version] + (try Bech32.convertBits(program, from: 8, to: 5, padding: true))
        text = try Bech32.encode(hrp: prefix, values: values, variant: Self.variant(of: version))
        (self.prefix, self.version, self.program) = (prefix, version, program)
    }

    /// Reads an address in either case.
    /// - Parameter expectedPrefix: when given, any other prefix throws `prefixMismatch`.
    public init(_ text: String, expectedPrefix: String? = nil) throws(Bech32Error) {
        let (hrp, values, variant) = try Bech32.decode(text)
        if let expectedPrefix, expectedPrefix != hrp {
            throw .prefixMismatch(expected: expectedPrefix, actual: hrp)
        }
        guard let version = values.first else { throw .dataEmpty }
        guard version <= 16 else { throw .versionInvalid(version) }
        let expected = Self.variant(of: version)
        guard variant == expected else {
            throw .variantMismatch(version: version, expected: expected, actual: variant)
        }
        let program = try Bech32.convertBits(Array(values.dropFirst()), from: 5, to: 8, padding: false)
        try self.init(prefix: hrp, version: version, program: program)
    }

    private static func variant(of version: UInt8) -> Bech32.Variant { version == 0 ? .bech32 : .bech32m }

    private static func check(version: UInt8, length: Int) throws(Bech32Error) {
        guard version <= 16 else { throw .versionInvalid(version) }
        let isAllowed = version == 0 ? length == 20 || length == 32 : (2...40).contains(length)
        guard isAllowed else { throw .programLengthInvalid(version: version, length: length) }
    }
}

extension SegwitStyleAddress: CustomStringConvertible {
    /// The address in lower case.
    public var description: String { text }
}
