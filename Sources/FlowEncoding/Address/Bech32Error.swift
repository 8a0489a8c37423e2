/// Why a text is not bech32, not bech32m, or not an address of the segwit style. Positions count UTF-8 bytes.
@nonexhaustive
public enum Bech32Error: Error, Equatable, Sendable {
    /// The text is longer than the form allows, in characters.
    case tooLong(length: Int, limit: Int)
    /// A byte outside printable ASCII, 33 to 126.
    case characterOutOfRange(UInt8, position: Int)
    /// Upper and lower case letters in one text.
    case mixedCase
    /// No `1` between prefix and data.
    case separatorMissing
    /// Nothing stands before the separator.
    case prefixEmpty
    /// A character behind the separator that is not in the alphabet.
    case dataCharacterInvalid(UInt8, position: Int)
    /// Fewer than the checksum's six characters behind the separator.
    case checksumTooShort(Int)
    /// The checksum fits neither variant.
    case checksumMismatch
    /// A value handed to the encoder does not fit its group of bits.
    case valueOutOfRange(UInt8, bits: Int)
    /// The bits left over at the end are five or more, or not zero.
    case paddingInvalid
    /// An address without version.
    case dataEmpty
    /// The address of another network.
    case prefixMismatch(expected: String, actual: String)
    /// A version above 16.
    case versionInvalid(UInt8)
    /// Version 0 goes with bech32, versions 1 to 16 with bech32m.
    case variantMismatch(version: UInt8, expected: Bech32.Variant, actual: Bech32.Variant)
    /// A program length, in bytes, that the version does not allow.
    case programLengthInvalid(version: UInt8, length: Int)
}

extension Bech32Error: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLong(let length, let limit): "expected at most \(limit) characters, got \(length)"
        case .characterOutOfRange(let byte, let position):
            "expected printable ASCII at position \(position), got byte \(byte): copy the address again"
        case .mixedCase: "expected one case, got upper and lower: write the address in lower case"
        case .separatorMissing: "expected a 1 between prefix and data, got none: copy the whole address"
        case .prefixEmpty: "expected a prefix before the last 1, got none: copy the whole address"
        case .dataCharacterInvalid(let byte, let position):
            "expected one of qpzry9x8gf2tvdw0s3jn54khce6mua7l at position \(position), got byte \(byte): check for a typing error"
        case .checksumTooShort(let count): "expected at least 6 characters behind the last 1, got \(count): copy the whole address"
        case .checksumMismatch: "the checksum does not match: check for a typing error"
        case .valueOutOfRange(let value, let bits): "expected a value of \(bits) bits, got \(value)"
        case .paddingInvalid: "expected fewer than 5 zero bits at the end: the data was not made from whole bytes"
        case .dataEmpty: "expected a version and a program, got no data"
        case .prefixMismatch(let expected, let actual):
            "expected prefix \(expected), got \(actual): this address belongs to another network"
        case .versionInvalid(let version): "expected a version from 0 to 16, got \(version)"
        case .variantMismatch(let version, let expected, let actual):
            "expected the \(expected) checksum for version \(version), got \(actual): ask for a correct address"
        case .programLengthInvalid(let version, let length):
            "expected a program of \(version == 0 ? "20 or 32" : "2 to 40") bytes for version \(version), got \(length)"
        }
    }
}
