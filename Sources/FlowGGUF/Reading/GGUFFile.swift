/// A GGUF version 3 file: its metadata, and its tensors where they lie.
///
/// Opening checks the whole container: each length against the bytes that are there, names, types, shapes, that
/// tensors follow each other without gaps, and that all data is inside the file. Tensor data is not read. What a file
/// says about a model is checked by ``checkModel(weights:)``.
///
/// A split file (`NAME-00001-of-00003.gguf`, llama.cpp's convention) is opened by its first part and looks like one
/// file: all tensors, and the metadata of the first part.
///
/// ``init(mapping:limits:)`` is for files that are replaced in one step, as this library's writers do; the system ends a
/// process that touches a mapped file beyond an end that somebody moved. ``init(reading:limits:)`` makes a private copy
/// and is safe whatever happens to the file.
public struct GGUFFile: Sendable {
    /// Keys and values; of a split file, those of its first part.
    public let metadata: GGUFMetadata
    /// In the order of the file, part after part.
    public let tensors: [GGUFTensorInfo]
    /// Tensors begin at multiples of this many bytes (in the first part).
    public let alignment: Int
    /// Where the data section begins, in bytes from the start of the file (of the first part).
    let dataOffset: UInt64
    /// Number of files that hold the data: 1, or more for a split file.
    public var partCount: Int { storages.count }
    /// Length of the file, or of all parts together, in bytes.
    public var byteCount: Int { storages.reduce(0) { $0 + $1.bytes.count } }

    private let storages: [GGUFStorage]
    private let names: GGUFStrings
    private let table: NameTable

    /// Opens the file at `path` and maps it into memory, with all other parts when it is the first of a split file.
    ///
    /// Nothing is copied, and several processes share the memory. The file must not be shortened while it is open.
    ///
    /// - Throws: ``GGUFError``; ``GGUFError/inconsistentSplit(file:reason:)`` for parts that are missing or do not belong
    ///   together, ``GGUFError/inPart(file:error:)`` for a part that is damaged.
    public init(mapping path: String, limits: GGUFLimits = GGUFLimits()) throws(GGUFError) {
        self.init(try GGUFParts(path: path, limits: limits) { (path) throws(GGUFError) in try GGUFStorage(mapping: path) })
    }

    /// Reads the file at `path`, with all other parts when it is the first of a split file, into memory of its own.
    ///
    /// Other programs may do with the file what they like, during the call and after: it is read whole or refused.
    ///
    /// - Parameter progress: called after each piece of up to 64 MiB with the file's path (of a split file the part's), the bytes read so
    ///   far and its length.
    /// - Throws: as for ``init(mapping:limits:)``; ``GGUFError/system(operation:path:code:message:)`` also when there is
    ///   not enough memory or the file became shorter meanwhile.
    public init(
        reading path: String, limits: GGUFLimits = GGUFLimits(), progress: (_ path: String, _ done: Int, _ length: Int) -> Void = { _, _, _ in }
    ) throws(GGUFError) {
        self.init(
            try GGUFParts(path: path, limits: limits) { (path) throws(GGUFError) in
                try GGUFStorage(reading: path) { progress(path, $0, $1) }
            })
    }

    /// Reads a file that is in memory; the bytes are copied once. A part of a split file is read as it is, without the
    /// others.
    public init(bytes: [UInt8], limits: GGUFLimits = GGUFLimits()) throws(GGUFError) {
        self.init(try GGUFParts(GGUFStorage(copying: bytes), limits: limits))
    }

    private init(_ parts: GGUFParts) {
        storages = parts.storages
        metadata = parts.metadata
        tensors = parts.tensors
        names = parts.names
        table = parts.table
        alignment = parts.alignment
        dataOffset = parts.dataOffset
    }

    /// The tensor called `name`, if the file has one.
    public func tensor(_ name: String) -> GGUFTensorInfo? { table.position(of: name, in: names).map { tensors[$0] } }

    /// Tells the system that the whole file will be needed soon.
    func prefetch() { for storage in storages { storage.prefetch() } }

    /// Calls `body` with the bytes of a tensor of this file, without copying; they are valid during the call only.
    ///
    /// - Throws: ``GGUFError/tensorOutOfBounds(tensor:needed:available:offset:)`` when `tensor` is of another file and
    ///   lies outside this one.
    public func withUnsafeBytes<Result>(
        of tensor: GGUFTensorInfo, _ body: (UnsafeRawBufferPointer) throws(GGUFError) -> Result
    ) throws(GGUFError) -> Result {
        let bytes = tensor.part < storages.count ? storages[tensor.part].bytes : UnsafeRawBufferPointer(start: nil, count: 0)
        let count = UInt64(bytes.count)
        guard tensor.byteCount >= 0, tensor.fileOffset <= count, UInt64(tensor.byteCount) <= count - tensor.fileOffset
        else {
            throw .tensorOutOfBounds(
                tensor: tensor.name, needed: tensor.fileOffset &+ UInt64(clamping: tensor.byteCount), available: count,
                offset: tensor.fileOffset)
        }
        let start = Int(tensor.fileOffset)
        return try body(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + tensor.byteCount)]))
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
