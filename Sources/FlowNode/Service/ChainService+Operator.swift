import FlowConsensus
import FlowCrypto
import FlowStore

extension ChainService {
    /// Leaves a block and all that builds on it until `reconsider`, or a restart.
    /// - Throws: `NodeError`: unknown block, genesis block, a connected one below the kept deltas
    func invalidate(_ hash: Hash256) throws { try change { try $0.invalidate(hash) } }

    /// Prefers a block to others of as much work, as if it had come first.
    /// - Throws: `NodeError` for an unknown block
    func prefer(_ hash: Hash256) throws { try change { try $0.prefer(hash) } }

    /// The coins that the transactions of a block spend, the coinbase left out: for each one per input. nil for a block that was never connected.
    func spentCoins(of hash: Hash256) throws -> [[Coin]]? {
        guard let block = chain.tree[hash], block.isReplayed else { return nil }
        return block.height == 0 ? [] : try chain.store.undo(hash)?.spentCoins
    }

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

    // MARK: long looks at the store

    /// Looks at the last blocks again, on a thread of its own, as they stand now.
    /// - Parameters:
    ///   - count: blocks from the tip down
    ///   - cancel: ends it between two blocks
    ///   - progress: told the part that is done, 0 … 1
    /// - Returns: how many blocks were looked at
    /// - Throws: `NodeError` with the first fault, `CancellationError`
    nonisolated func verify(
        last count: Int, level: ChainVerification.Level, cancel: CancellationFlag = CancellationFlag(), progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> Int {
        let verification = try await verification()
        return try await BlockingThread(name: "flowcoin.verify").run { try verification.run(last: count, level: level, cancel: cancel, progress: progress) }
    }

    private func verification() throws -> ChainVerification {
        ChainVerification(snapshot: try snapshot(), tree: chain.tree, validator: chain.validator)
    }

    /// Looks through all coins for those that certain programs lock, on a thread of its own, as they stand now.
    /// - Parameters:
    ///   - cancel: ends it
    ///   - progress: told the part that is done, 0 … 1
    /// - Throws: `NodeError`, `CancellationError`
    nonisolated func scanCoins(
        for programs: Set<LockProgram>, cancel: CancellationFlag = CancellationFlag(), progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> CoinScan.Found {
        let scan = try await coinScan()
        return try await BlockingThread(name: "flowcoin.scan").run { try scan.run(for: programs, cancel: cancel, progress: progress) }
    }

    private func coinScan() throws -> CoinScan { CoinScan(snapshot: try snapshot(), tip: chain.tip) }

    private func snapshot() throws(NodeError) -> any KeyValueReading {
        do { return try chain.store.store.snapshot() } catch { throw NodeError(store: error) }
    }
}
