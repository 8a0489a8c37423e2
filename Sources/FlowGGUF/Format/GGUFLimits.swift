/// Bounds on what a reader accepts, beyond the rule that every length is compared with the bytes that are there.
public struct GGUFLimits: Sendable, Equatable {
    /// Largest number of metadata entries.
    public var metadataCount: UInt64
    /// Largest number of tensors in one file.
    public var tensorCount: UInt64
    /// Longest metadata key in bytes (the format allows 65,535).
    public var keyLength: UInt64
    /// Longest string value in bytes.
    public var stringLength: UInt64
    /// Largest number of elements of one array.
    public var arrayLength: UInt64

    /// Longest tensor name in bytes, as in ggml (64 with the terminating zero byte).
    static let tensorNameLength: UInt64 = 63
    /// Largest number of dimensions of a tensor, as in ggml.
    public static let dimensions: UInt32 = 4
    /// Smallest alignment that the format allows.
    static let smallestAlignment: UInt64 = 8
    /// Largest alignment that is read.
    static let largestAlignment: UInt64 = 1 << 24

    public init(
        metadataCount: UInt64 = 1 << 16, tensorCount: UInt64 = 1 << 17, keyLength: UInt64 = 65_535,
        stringLength: UInt64 = 1 << 30, arrayLength: UInt64 = 1 << 30
    ) {
        self.metadataCount = metadataCount
        self.tensorCount = tensorCount
        self.keyLength = keyLength
        self.stringLength = stringLength
        self.arrayLength = arrayLength
    }
}
