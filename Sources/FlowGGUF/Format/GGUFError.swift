/// Why a GGUF file could not be read, written or used.
///
/// Each case that concerns a place in a file carries `offset`, the byte offset from the start of the file at which
/// the offending field begins.
@nonexhaustive
public enum GGUFError: Error, Equatable, Sendable {
    /// The first four bytes are not `GGUF`.
    case notGGUF(found: [UInt8], offset: UInt64)
    /// The version field has its bytes in big-endian order.
    case bigEndian(offset: UInt64)
    /// Only version 3 is read.
    case unsupportedVersion(UInt32, offset: UInt64)
    /// The file ends inside `field`.
    case truncated(field: String, needed: UInt64, available: UInt64, offset: UInt64)
    /// A count or length is larger than the reader allows.
    case limitExceeded(field: String, value: UInt64, limit: UInt64, offset: UInt64)
    /// A key, a tensor name or a string is not UTF-8; `byte` is the index of the first bad byte in the text.
    case invalidUTF8(field: String, byte: Int, offset: UInt64)
    /// A key or a tensor name contains the byte 0.
    case nulInName(field: String, offset: UInt64)
    /// A metadata key of length 0.
    case emptyKey(offset: UInt64)
    /// The same metadata key twice.
    case duplicateKey(String, offset: UInt64)
    /// A value type that version 3 does not define.
    case unknownValueType(UInt32, key: String, offset: UInt64)
    /// An array whose elements are arrays.
    case nestedArray(key: String, offset: UInt64)
    /// A boolean byte other than 0 and 1.
    case invalidBoolean(UInt8, key: String, offset: UInt64)
    /// `general.alignment` is not a power of two of at least 8.
    case invalidAlignment(UInt64, offset: UInt64)
    /// More than four dimensions.
    case tooManyDimensions(UInt32, tensor: String, offset: UInt64)
    /// A dimension, or the product of all, does not fit a signed 64-bit integer.
    case sizeOverflow(tensor: String, offset: UInt64)
    /// A tensor type that is unknown or was withdrawn.
    case unknownTensorType(UInt32, tensor: String, offset: UInt64)
    /// The first dimension is not a whole number of the type's blocks.
    case partialBlock(tensor: String, type: GGUFTensorType, rowLength: UInt64, offset: UInt64)
    /// The same tensor name twice.
    case duplicateTensor(String, offset: UInt64)
    /// A tensor's data does not follow the one before it without a gap.
    case wrongTensorOffset(tensor: String, expected: UInt64, actual: UInt64, offset: UInt64)
    /// A tensor's data lies outside the file.
    case tensorOutOfBounds(tensor: String, needed: UInt64, available: UInt64, offset: UInt64)
    /// A metadata key that the model needs is missing.
    case missingKey(String)
    /// A tensor that the model needs is missing.
    case missingTensor(String)
    /// A metadata value has another type or a value out of its range.
    case unexpectedValue(key: String, expected: String, actual: String, offset: UInt64)
    /// A tensor has another shape or type than the model needs.
    case unexpectedTensor(tensor: String, expected: String, actual: String, offset: UInt64)
    /// An architecture that this code does not run.
    case unsupportedArchitecture(String, supported: [String], offset: UInt64)
    /// A weight that is an infinity or not a number.
    case nonFinite(tensor: String, element: UInt64, offset: UInt64)
    /// There is no decoder (or no encoder) for this type.
    case unsupportedConversion(type: GGUFTensorType, encoding: Bool)
    /// A value cannot be held by the type: not finite, or its block's scale overflows binary16.
    case unrepresentable(type: GGUFTensorType, element: Int, value: Float)
    /// A buffer's length is not what the operation needs.
    case wrongLength(what: String, expected: UInt64, actual: UInt64)
    /// Parts of a split file do not belong together.
    case inconsistentSplit(file: String, reason: String)
    /// A part of a split file, other than the first, cannot be used; the offset is the one in that part.
    indirect case inPart(file: String, error: GGUFError)
    /// Writing was stopped by the caller.
    case cancelled
    /// A call of the operating system failed; `code` is `errno`.
    case system(operation: String, path: String, code: Int32, message: String)

    /// The byte offset in the file, where the error has one.
    public var offset: UInt64? {
        switch self {
        case .notGGUF(_, let offset), .bigEndian(let offset), .unsupportedVersion(_, let offset),
            .truncated(_, _, _, let offset), .limitExceeded(_, _, _, let offset), .invalidUTF8(_, _, let offset),
            .nulInName(_, let offset), .emptyKey(let offset), .duplicateKey(_, let offset),
            .unknownValueType(_, _, let offset), .nestedArray(_, let offset), .invalidBoolean(_, _, let offset),
            .invalidAlignment(_, let offset), .tooManyDimensions(_, _, let offset), .sizeOverflow(_, let offset),
            .unknownTensorType(_, _, let offset), .partialBlock(_, _, _, let offset), .duplicateTensor(_, let offset),
            .wrongTensorOffset(_, _, _, let offset), .tensorOutOfBounds(_, _, _, let offset),
            .unexpectedValue(_, _, _, let offset), .unexpectedTensor(_, _, _, let offset),
            .unsupportedArchitecture(_, _, let offset), .nonFinite(_, _, let offset):
            offset
        case .inPart(_, let error): error.offset
        case .missingKey, .missingTensor, .unsupportedConversion, .unrepresentable, .wrongLength, .inconsistentSplit,
            .cancelled, .system:
            nil
        }
    }
}
