/// Writes a file from front to back, holding no more than one piece of a tensor in memory.
///
/// The header is written at once; then the tensors' data is appended in the order of the header, in pieces of any
/// length, as bytes in the tensor's type or as binary32 to be converted.
///
/// <!-- given weights: [Float] -->
/// ```swift
/// var header = GGUFHeader()
/// try header.set("general.architecture", .string("qwen3moe"))
/// try header.addTensor("output.weight", dimensions: [64, 258], type: .q8_0)
/// var writer = try GGUFWriter(header: header, sink: GGUFFileSink(path: "model.gguf"))
/// try writer.append(floats: weights)
/// try writer.finish()
/// ```
public struct GGUFWriter<Sink: GGUFSink> {
    public let header: GGUFHeader
    /// Where the bytes went; read it after ``finish()``.
    public private(set) var sink: Sink
    private var current = 0
    private var written = 0
    private var buffer: [UInt8] = []

    /// Elements that are converted at once.
    private static var pieceLength: Int { 1 << 16 }

    /// Writes the header.
    public init(header: GGUFHeader, sink: Sink) throws(GGUFError) {
        self.header = header
        self.sink = sink
        try writeBytes(header.encoded())
        try skipCompleteTensors()
    }

    /// Appends data in the current tensor's type; it may go on over the end of a tensor only with another call.
    ///
    /// - Throws: ``GGUFError/wrongLength(what:expected:actual:)`` for more bytes than the tensor lacks.
    public mutating func append(bytes: UnsafeRawBufferPointer) throws(GGUFError) {
        if bytes.isEmpty { return }
        let tensor = try currentTensor(adding: bytes.count)
        guard bytes.count <= tensor.byteCount - written else {
            throw .wrongLength(
                what: "bytes of tensor '\(tensor.name)'", expected: UInt64(tensor.byteCount),
                actual: UInt64(written) + UInt64(bytes.count))
        }
        try sink.write(bytes)
        written += bytes.count
        try skipCompleteTensors()
    }

    /// Converts elements to the current tensor's type and appends them; a whole number of the type's blocks.
    public mutating func append(floats: UnsafeBufferPointer<Float>) throws(GGUFError) {
        if floats.isEmpty { return }
        let tensor = try currentTensor(adding: floats.count)
        let type = tensor.type
        guard let byteCount = type.byteCount(elements: floats.count), byteCount <= tensor.byteCount - written else {
            throw .wrongLength(
                what: "elements of tensor '\(tensor.name)'", expected: UInt64(tensor.elementCount),
                actual: UInt64(floats.count))
        }
        var start = 0
        while start < floats.count {
            let end = min(start + Self.pieceLength, floats.count)
            let piece = UnsafeBufferPointer(rebasing: floats[start..<end])
            let length = (end - start) / type.blockLength * type.blockByteCount
            if buffer.count < length { buffer = [UInt8](repeating: 0, count: length) }
            var failure: GGUFError?
            buffer.withUnsafeMutableBytes { space in
                let target = UnsafeMutableRawBufferPointer(rebasing: space[..<length])
                do throws(GGUFError) {
                    try GGUFCodec.encode(piece, type: type, into: target)
                    try sink.write(UnsafeRawBufferPointer(target))
                } catch { failure = error }
            }
            if case .unrepresentable(let type, let element, let value)? = failure {
                failure = .unrepresentable(type: type, element: element + start, value: value)
            }
            if let failure { throw failure }
            written += length
            start = end
        }
        try skipCompleteTensors()
    }

    /// Converts and appends an array.
    public mutating func append(floats: [Float]) throws(GGUFError) {
        var failure: GGUFError?
        floats.withUnsafeBufferPointer { buffer in
            do throws(GGUFError) { try append(floats: buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Whether all tensors have all of their data.
    var isComplete: Bool { current == header.tensors.count }

    /// Completes the file.
    ///
    /// - Throws: ``GGUFError/wrongLength(what:expected:actual:)`` when a tensor lacks data.
    public mutating func finish() throws(GGUFError) {
        if current < header.tensors.count {
            let tensor = header.tensors[current]
            throw .wrongLength(
                what: "bytes of tensor '\(tensor.name)'", expected: UInt64(tensor.byteCount), actual: UInt64(written))
        }
        try sink.finish()
    }

    private func currentTensor(adding count: Int) throws(GGUFError) -> GGUFHeader.Tensor {
        guard current < header.tensors.count else {
            throw .wrongLength(what: "data after the last tensor", expected: 0, actual: UInt64(count))
        }
        return header.tensors[current]
    }

    private mutating func skipCompleteTensors() throws(GGUFError) {
        while current < header.tensors.count, written == header.tensors[current].byteCount {
            try writeBytes([UInt8](repeating: 0, count: header.padded(written) - written))
            written = 0
            current += 1
        }
    }

    private mutating func writeBytes(_ bytes: [UInt8]) throws(GGUFError) {
        var failure: GGUFError?
        bytes.withUnsafeBytes { buffer in
            do throws(GGUFError) { try sink.write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}

extension GGUFFile {
    /// The header that writes this file again.
    public func header() throws(GGUFError) -> GGUFHeader {
        var header = GGUFHeader()
        for entry in metadata { try header.set(entry.key, entry.value) }
        for tensor in tensors { try header.addTensor(tensor.name, dimensions: tensor.dimensions, type: tensor.type) }
        return header
    }
}
