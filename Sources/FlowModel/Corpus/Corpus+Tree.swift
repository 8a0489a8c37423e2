#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Android)
    import Android
#endif
import FlowCrypto

extension Corpus {
    /// Hashes every piece, on the calling thread.
    ///
    /// - Parameters:
    ///   - progress: called after each piece, on the calling thread.
    ///   - isCancelled: asked before each piece; true ends the work with ``CorpusError/cancelled``.
    /// - Throws: ``CorpusError`` when a piece cannot be read, or when cancelled.
    func blockingTree(
        progress: (CorpusProgress) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(CorpusError) -> CorpusTree {
        let total = length
        var leaves: [Hash256] = []
        leaves.reserveCapacity(Int(min(pieceCount, 65_536)))
        var buffer = [UInt8](repeating: 0, count: CorpusTree.pieceLength)
        var offset: UInt64 = 0
        while offset < total {
            if isCancelled() { throw .cancelled }
            let count = Int(min(UInt64(CorpusTree.pieceLength), total - offset))
            var failure: CorpusError?
            buffer.withUnsafeMutableBytes { bytes in
                let target = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
                do throws(CorpusError) {
                    try read(at: offset, into: target)
                    leaves.append(BulkMerkleTree.leafHash(UnsafeRawBufferPointer(target)))
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            offset += UInt64(count)
            progress(CorpusProgress(done: offset, total: total))
        }
        return CorpusTree(length: total, leaves: leaves)
    }

    /// Hashes every piece on a thread of its own, so that no executor waits for the disk.
    ///
    /// Cancelling the task ends the work at the next piece with ``CorpusError/cancelled``.
    ///
    /// - Parameter progress: called after each piece, on that thread.
    public func tree(progress: @escaping @Sendable (CorpusProgress) -> Void = { _ in }) async throws -> CorpusTree {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<CorpusTree, any Error>) in
                BackgroundWork.start {
                    continuation.resume(
                        with: Result { try blockingTree(progress: progress, isCancelled: { flag.isSet }) })
                }
            }
        } onCancel: {
            flag.set()
        }
    }
}
