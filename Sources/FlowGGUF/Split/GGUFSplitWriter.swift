/// Writes a file in parts of limited size, for file systems and hosts that take no larger ones; used like
/// ``GGUFWriter``.
///
/// The parts are called `NAME-00001-of-00003.gguf` and so on; when one part is enough, the file keeps its plain name.
/// All of them appear under their names only when the last is complete and on disk, the first part last. A set that
/// replaces another of the same names is not replaced in one step: give a new version a new name.
///
/// <!-- given header: GGUFHeader, weights: [Float] -->
/// ```swift
/// var writer = try GGUFSplitWriter(header: header, path: "model.gguf", partByteCount: 2_000_000_000)
/// try writer.append(floats: weights)
/// let paths = try writer.finish()
/// ```
public struct GGUFSplitWriter {
    /// The header of each part.
    public let headers: [GGUFHeader]
    /// Where the parts appear.
    public let paths: [String]
    private var complete: [GGUFFileSink] = []
    private var writer: GGUFWriter<PartSink>

    /// Leaves the renaming to the split writer.
    private struct PartSink: GGUFSink {
        let file: GGUFFileSink
        func write(_ bytes: UnsafeRawBufferPointer) throws(GGUFError) { try file.write(bytes) }
        func finish() throws(GGUFError) { try file.complete() }
    }

    /// Plans the parts and begins the first.
    ///
    /// - Parameters:
    ///   - path: the name of the whole, ending in `.gguf`.
    ///   - partByteCount: longest part in bytes; only a part with a single tensor may be longer.
    public init(header: GGUFHeader, path: String, partByteCount: Int) throws(GGUFError) {
        headers = try header.parts(byteCount: partByteCount)
        if headers.count == 1 {
            paths = [path]
        } else {
            let prefix = path.hasSuffix(".gguf") ? String(path.dropLast(5)) : path
            let count = headers.count
            paths = (0..<count).map { GGUFPartName(prefix: prefix, part: $0, count: count).description }
        }
        writer = try GGUFWriter(header: headers[0], sink: PartSink(file: GGUFFileSink(path: paths[0])))
    }

    /// Appends data in the current tensor's type, as ``GGUFWriter/append(bytes:)`` does.
    public mutating func append(bytes: UnsafeRawBufferPointer) throws(GGUFError) {
        try advance()
        try writer.append(bytes: bytes)
    }

    /// Converts and appends elements, as ``GGUFWriter/append(floats:)-(UnsafeBufferPointer<Float>)`` does.
    public mutating func append(floats: UnsafeBufferPointer<Float>) throws(GGUFError) {
        try advance()
        try writer.append(floats: floats)
    }

    /// Converts and appends an array.
    public mutating func append(floats: [Float]) throws(GGUFError) {
        try advance()
        try writer.append(floats: floats)
    }

    /// Completes the parts and gives them their names.
    ///
    /// - Returns: the parts' paths.
    public mutating func finish() throws(GGUFError) -> [String] {
        while complete.count + 1 < headers.count { try next() }
        try writer.finish()
        complete.append(writer.sink.file)
        for file in complete.reversed() { try file.publish() }
        return paths
    }

    /// Begins the next part when the current one is full.
    private mutating func advance() throws(GGUFError) {
        while writer.isComplete, complete.count + 1 < headers.count { try next() }
    }

    private mutating func next() throws(GGUFError) {
        try writer.finish()
        complete.append(writer.sink.file)
        let part = complete.count
        writer = try GGUFWriter(header: headers[part], sink: PartSink(file: GGUFFileSink(path: paths[part])))
    }
}
