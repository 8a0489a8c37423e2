import Synchronization

/// The embedded corpus: a deterministic generator of small texts, so that a fresh clone trains with no download.
///
/// Its documents are sums with their answers, facts asked and answered, little stories with questions about them, and short
/// talks. Questions stand as `Q: …` and answers as `A: …`, each on a line of its own. Piece p of 65,536 bytes depends only on
/// (seed, p) and on the grammar, so any place of an unlimited text can be read at once. Definition:
/// `Documentation/Protocol/Corpus.md`; vector: `Tests/Vectors/flow/corpus-synthetic.json`.
public struct SyntheticCorpus: Corpus {
    /// The regtest network's corpus: 16 MiB, seed 0.
    public static let regtest = SyntheticCorpus(length: 16 << 20, seed: 0)

    public let length: UInt64
    /// Names one of 2^64 texts.
    public let seed: UInt64
    private let pieces: SharedPieces

    /// - Parameters:
    ///   - length: bytes, any number.
    ///   - seed: names one of 2^64 texts.
    public init(length: UInt64, seed: UInt64 = 0) {
        self.length = length
        self.seed = seed
        pieces = SharedPieces(capacity: 512)
    }

    public func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(CorpusError) {
        try checkRange(offset: offset, count: target.count)
        let pieceLength = UInt64(CorpusTree.pieceLength)
        var position = offset
        var filled = 0
        while filled < target.count {
            let local = Int(position % pieceLength)
            let count = min(target.count - filled, CorpusTree.pieceLength - local)
            generated(position / pieceLength).withUnsafeBytes { bytes in
                target[filled..<filled + count].copyBytes(from: bytes[local..<local + count])
            }
            filled += count
            position += UInt64(count)
        }
    }

    /// Piece `piece` at full length, from the cache of the last 512 (32 MiB) or made anew.
    private func generated(_ piece: UInt64) -> [UInt8] {
        if let cached = pieces.cache.withLock({ $0[piece] }) { return cached }
        let bytes = [UInt8](unsafeUninitializedCapacity: CorpusTree.pieceLength) { buffer, count in
            let output = UnsafeMutableBufferPointer(rebasing: buffer[..<CorpusTree.pieceLength])
            output.initialize(repeating: 0)
            SyntheticWriter.write(grammar: .embedded, seed: seed, piece: piece, into: output)
            count = CorpusTree.pieceLength
        }
        pieces.cache.withLock { $0.insert(bytes, for: piece) }
        return bytes
    }
}

/// The cache of one corpus value and its copies.
private final class SharedPieces: Sendable {
    let cache: Mutex<PieceCache>
    init(capacity: Int) { cache = Mutex(PieceCache(capacity: capacity)) }
}

/// The pieces made last; the oldest leaves first.
private struct PieceCache {
    private var bytes: [UInt64: [UInt8]] = [:]
    private var order: [UInt64] = []
    private var oldest = 0
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    subscript(piece: UInt64) -> [UInt8]? { bytes[piece] }

    mutating func insert(_ value: [UInt8], for piece: UInt64) {
        guard bytes.updateValue(value, forKey: piece) == nil else { return }
        if order.count < capacity {
            order.append(piece)
        } else {
            bytes.removeValue(forKey: order[oldest])
            order[oldest] = piece
            oldest = (oldest + 1) % capacity
        }
    }
}
