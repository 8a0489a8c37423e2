/// A GGUF version 3 file: its metadata, and its tensors where they lie.
///
/// Opening checks the whole container: each length against the bytes that are there, names, types, shapes, that
/// tensors follow each other without gaps, and that all data is inside the file. Tensor data is not read. What a file
/// says about a model is checked by ``checkModel(weights:)``.
///
/// A mapped file must not be shortened while it is open: the system ends a process that reads beyond the end of a
/// mapped file. Files that this library writes replace their predecessor under a new inode, which is safe.
public struct GGUFFile: Sendable {
    public let metadata: GGUFMetadata
    /// In the order of the file.
    public let tensors: [GGUFTensorInfo]
    /// Tensors begin at multiples of this many bytes.
    public let alignment: Int
    /// Where the data section begins, in bytes from the start of the file.
    public let dataOffset: UInt64
    /// Length of the file in bytes.
    public var byteCount: Int { storage.bytes.count }

    let storage: GGUFStorage
    private let positions: [NameKey: Int]

    /// Opens the file at `path` and maps it into memory.
    public init(mapping path: String, limits: GGUFLimits = GGUFLimits()) throws(GGUFError) {
        try self.init(storage: GGUFStorage(mapping: path), limits: limits)
    }

    /// Reads a file that is in memory; the bytes are copied once.
    public init(bytes: [UInt8], limits: GGUFLimits = GGUFLimits()) throws(GGUFError) {
        try self.init(storage: GGUFStorage(copying: bytes), limits: limits)
    }

    private init(storage: GGUFStorage, limits: GGUFLimits) throws(GGUFError) {
        var parser = GGUFParser(bytes: storage.bytes, limits: limits)
        try parser.parse()
        self.storage = storage
        metadata = parser.metadata
        tensors = parser.tensors
        positions = parser.positions
        alignment = Int(parser.alignment)
        dataOffset = parser.dataOffset
    }

    /// The tensor called `name`, if the file has one.
    public func tensor(_ name: String) -> GGUFTensorInfo? { positions[NameKey(name)].map { tensors[$0] } }

    /// Tells the system that the whole file will be needed soon.
    public func prefetch() { storage.prefetch() }

    /// Calls `body` with the bytes of a tensor of this file, without copying; they are valid during the call only.
    ///
    /// - Throws: ``GGUFError/tensorOutOfBounds(tensor:needed:available:offset:)`` when `tensor` is of another file and
    ///   lies outside this one.
    public func withUnsafeBytes<Result>(
        of tensor: GGUFTensorInfo, _ body: (UnsafeRawBufferPointer) throws(GGUFError) -> Result
    ) throws(GGUFError) -> Result {
        let count = UInt64(storage.bytes.count)
        guard tensor.byteCount >= 0, tensor.fileOffset <= count, UInt64(tensor.byteCount) <= count - tensor.fileOffset
        else {
            throw .tensorOutOfBounds(
                tensor: tensor.name, needed: tensor.fileOffset &+ UInt64(clamping: tensor.byteCount), available: count,
                offset: tensor.fileOffset)
        }
        let start = Int(tensor.fileOffset)
        return try body(UnsafeRawBufferPointer(rebasing: storage.bytes[start..<(start + tensor.byteCount)]))
    }

    /// All elements of `tensor` as binary32, in the order of the file.
    ///
    /// - Throws: ``GGUFError/unsupportedConversion(type:encoding:)`` for a type without a decoder.
    public func floats(of tensor: GGUFTensorInfo) throws(GGUFError) -> [Float] {
        try floats(of: tensor, rows: 0..<tensor.rowCount)
    }

    /// Rows `rows` of `tensor` as binary32; a row is one run of the first dimension.
    public func floats(of tensor: GGUFTensorInfo, rows: Range<Int>) throws(GGUFError) -> [Float] {
        guard rows.lowerBound >= 0, rows.upperBound <= tensor.rowCount else {
            throw .wrongLength(
                what: "rows of tensor '\(tensor.name)'", expected: UInt64(tensor.rowCount),
                actual: UInt64(clamping: rows.upperBound))
        }
        return try withUnsafeBytes(of: tensor) { (bytes) throws(GGUFError) in
            let rowBytes = tensor.rowByteCount
            let source = UnsafeRawBufferPointer(rebasing: bytes[(rows.lowerBound * rowBytes)..<(rows.upperBound * rowBytes)])
            return try GGUFCodec.decode(source, type: tensor.type)
        }
    }
}

extension GGUFFile {
    /// The bytes of a tensor of this file, valid as long as the file is.
    package func bytes(of tensor: GGUFTensorInfo) throws(GGUFError) -> UnsafeRawBufferPointer {
        var result = UnsafeRawBufferPointer(start: nil, count: 0)
        try withUnsafeBytes(of: tensor) { (bytes) throws(GGUFError) in result = bytes }
        return result
    }
}
