public import FlowCrypto
import Synchronization

/// A corpus with the leaves of its tree, so that single pieces can be checked for as long as it is in use: a byte that changes on the disk,
/// with the file's size and times as before, is found out before anybody is blamed for it.
///
/// ```swift
/// let text = try CheckedCorpus { () throws(CorpusError) in try DirectoryCorpus(path: "books") }
/// print(text.tree.root)
/// try text.check(offset: 4_096, count: 257)
/// ```
public final class CheckedCorpus: Corpus {
    /// Leaves and root, computed when the corpus was opened.
    public let tree: CorpusTree
    public var length: UInt64 { tree.length }
    private let opening: @Sendable () throws(CorpusError) -> any Corpus
    private let current: Mutex<any Corpus>

    /// Opens a corpus and hashes every piece, on the calling thread.
    ///
    /// - Parameters:
    ///   - progress: called after each piece.
    ///   - opening: opens the source; called again by ``reopen()``.
    /// - Throws: ``CorpusError`` when a piece cannot be read.
    public init(
        progress: (CorpusProgress) -> Void = { _ in }, opening: @escaping @Sendable () throws(CorpusError) -> any Corpus
    ) throws(CorpusError) {
        let corpus = try opening()
        tree = try corpus.blockingTree(progress: progress)
        current = Mutex(corpus)
        self.opening = opening
    }

    public func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(CorpusError) {
        let corpus = current.withLock { $0 }
        try corpus.read(at: offset, into: target)
    }

    public func place(of offset: UInt64) -> String {
        let corpus = current.withLock { $0 }
        return corpus.place(of: offset)
    }

    /// Compares the pieces that hold some bytes with the tree.
    ///
    /// - Throws: ``CorpusError/damaged(path:piece:expected:actual:)`` for the first that differs, or why it cannot be read.
    public func check(offset: UInt64, count: Int) throws(CorpusError) {
        try check([(offset, count)])
    }

    /// Compares each piece that holds some of the bytes once, eight of them side by side.
    func check(_ ranges: [(offset: UInt64, count: Int)]) throws(CorpusError) {
        let size = UInt64(CorpusTree.pieceLength)
        var indices: Set<UInt64> = []
        for (offset, count) in ranges {
            try checkRange(offset: offset, count: count)
            guard count > 0 else { continue }
            for index in offset / size...(offset + UInt64(count) - 1) / size { indices.insert(index) }
        }
        var left = indices.sorted()[...]
        while !left.isEmpty {
            let group = left.prefix(8)
            left = left.dropFirst(8)
            // Only the corpus' last piece may be shorter, and it is the last of its group.
            var bytes: [UInt8] = []
            bytes.reserveCapacity(group.count * CorpusTree.pieceLength)
            for index in group { bytes += try piece(index) }
            let hashes = bytes.withUnsafeBytes { BulkMerkleTree.leafHashes(of: $0) }
            for (index, actual) in zip(group, hashes) where tree.leaves[Int(index)] != actual {
                throw .damaged(
                    path: place(of: index * size), piece: index, expected: tree.leaves[Int(index)], actual: actual)
            }
        }
    }

    /// Opens the source once more, after it was repaired: files that were put back have another time of change. All of it is hashed.
    ///
    /// - Throws: ``CorpusError`` when it cannot be read, or is not the corpus that was opened first; then the former one stays in use.
    public func reopen() throws(CorpusError) {
        let corpus = try opening()
        try corpus.blockingTree().require(root: tree.root, length: tree.length)
        current.withLock { $0 = corpus }
    }
}

extension BatchSampler {
    /// Checks the pieces that the windows of a step touch, if the corpus is a ``CheckedCorpus``.
    ///
    /// - Throws: ``CorpusError`` that names file and piece.
    public func checkPieces(workSeed: Hash256, step: UInt32) throws(CorpusError) {
        try checkPieces(workSeed: workSeed, steps: CollectionOfOne(step))
    }

    /// Checks the pieces that the windows of several steps touch, each once, if the corpus is a ``CheckedCorpus``.
    ///
    /// - Parameter steps: their numbers, from 1.
    /// - Throws: ``CorpusError`` that names file and piece.
    public func checkPieces(workSeed: Hash256, steps: some Sequence<UInt32>) throws(CorpusError) {
        guard let text = corpus as? CheckedCorpus else { return }
        try text.check(
            steps.flatMap { step in
                (0..<UInt32(truncatingIfNeeded: batchSize)).map { (split.start(workSeed: workSeed, step: step, window: $0), contextLength + 1) }
            })
    }

    /// Checks the pieces that the held-out batch touches, if the corpus is a ``CheckedCorpus``.
    ///
    /// - Throws: ``CorpusError`` that names file and piece.
    public func checkHeldOutPieces() throws(CorpusError) {
        guard let text = corpus as? CheckedCorpus else { return }
        try text.check((0..<batchSize).map { (split.heldOutStart($0, of: batchSize), contextLength + 1) })
    }
}
