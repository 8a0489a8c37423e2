/// A fixed sequence of bytes that a network's model is trained on (`Documentation/Protocol/Corpus.md`).
///
/// Bytes 0x02 and 0x03 stand for the tokens BOS and EOS; every other byte is its own token. Whoever conforms must return the
/// same bytes for the same range each time, from any thread, or throw.
public protocol Corpus: Sendable {
    /// Number of bytes.
    var length: UInt64 { get }

    /// Copies the bytes `offset ..< offset + target.count` into `target`.
    ///
    /// - Throws: ``CorpusError/outOfRange(offset:count:length:)`` when the range leaves the corpus, and the error that names
    ///   the file when the source can no longer be read.
    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(CorpusError)

    /// Where the byte at `offset` comes from, for messages: a file's path, say.
    func place(of offset: UInt64) -> String
}

extension Corpus {
    public func place(of offset: UInt64) -> String { "byte \(offset) of the corpus" }

    /// The bytes `offset ..< offset + count`.
    public func bytes(at offset: UInt64, count: Int) throws(CorpusError) -> [UInt8] {
        try checkRange(offset: offset, count: count)
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: CorpusError?
        bytes.withUnsafeMutableBytes { target in
            do throws(CorpusError) { try read(at: offset, into: target) } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Number of pieces of ``CorpusTree/pieceLength`` bytes; the last may be shorter.
    public var pieceCount: UInt64 {
        let whole = length / UInt64(CorpusTree.pieceLength)
        return length % UInt64(CorpusTree.pieceLength) == 0 ? whole : whole + 1
    }

    /// Piece `index`: 65,536 bytes, or what remains for the last.
    public func piece(_ index: UInt64) throws(CorpusError) -> [UInt8] {
        let (offset, overflow) = index.multipliedReportingOverflow(by: UInt64(CorpusTree.pieceLength))
        guard !overflow, offset < length else {
            throw .outOfRange(offset: overflow ? .max : offset, count: CorpusTree.pieceLength, length: length)
        }
        return try bytes(at: offset, count: Int(min(UInt64(CorpusTree.pieceLength), length - offset)))
    }

    /// Throws unless `offset ..< offset + count` lies inside.
    func checkRange(offset: UInt64, count: Int) throws(CorpusError) {
        guard count >= 0, offset <= length, UInt64(count) <= length - offset else {
            throw .outOfRange(offset: offset, count: count, length: length)
        }
    }
}
