import FlowConsensus
import FlowCrypto

extension ChainService {
    /// Leaves a block and all that builds on it until `reconsider`, or a restart.
    /// - Throws: `NodeError`: unknown block, genesis block, a connected one below the kept deltas
    func invalidate(_ hash: Hash256) throws { try change { try $0.invalidate(hash) } }

    /// Prefers a block to others of as much work, as if it had come first.
    /// - Throws: `NodeError` for an unknown block
    func prefer(_ hash: Hash256) throws { try change { try $0.prefer(hash) } }

    // MARK: waiting

    /// Waits until the tip is as wanted, the time is over, the task is cancelled or the node stops.
    /// - Parameter timeout: nil for no end
    /// - Returns: the tip then
    nonisolated func waitForTip(timeout: Duration? = nil, until isMet: @escaping @Sendable (BlockIndexEntry) -> Bool) async -> BlockIndexEntry {
        // Listening starts before the tip is looked at, so none is missed.
        let events = events()
        let present = await tip()
        if isMet(present) { return present }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in events {
                    guard case .tip = event else { continue }
                    if isMet(await self.tip()) { return }
                }
            }
            if let timeout { group.addTask { try? await Task.sleep(for: timeout) } }
            _ = await group.next()
            group.cancelAll()
        }
        return await tip()
    }

    /// Takes something of one moment of the chain and works on it on a thread of its own, since that takes long.
    nonisolated func study<Subject: Sendable, Result: Sendable>(
        _ subject: @Sendable (Chainstate) throws -> Subject, _ body: @escaping @Sendable (Subject) throws -> Result
    ) async throws -> Result {
        let subject = try await read(subject)
        return try await BlockingThread(name: "flowcoin.study").run { try body(subject) }
    }
}
