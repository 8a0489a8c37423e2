public import FlowConsensus
import FlowCrypto

extension Wallet {
    /// Branches that are longer are not expected to lose their blocks: so deep a payment is forgotten, and so far below its birthday a wallet looks.
    static let reorganisationDepth: BlockHeight = 2_016

    /// Follows the chain: takes back the blocks that the followed branch has left, scans those that it has gained, and learns what waits in the node's pool.
    /// On return the ledger is that of one moment of the chain, this call's start or later.
    ///
    /// Where keys were derived because of a transaction (a restored wallet, or a copy whose original was used), the chain is searched for them from the wallet's
    /// birthday on.
    ///
    /// - Parameter progress: told the height reached and the tip's, now and then.
    /// - Throws: what the chain throws, `CancellationError`.
    public func synchronise(
        with chain: any WalletChain, progress: (@Sendable (BlockHeight, BlockHeight) -> Void)? = nil
    ) async throws {
        try await follow(chain, again: nil, progress: progress)
    }

    /// Looks at the blocks from a height on again, for addresses that were imported, and below the birthday too where the height lies there.
    ///
    /// - Returns: the first height that was looked at, and the tip's
    /// - Throws: `scanRunning`, `scanAborted` after ``abortRescan()`` (the wallet then knows what it knew before), what the chain throws.
    @discardableResult
    public func rescan(
        from height: BlockHeight, with chain: any WalletChain, progress: (@Sendable (BlockHeight, BlockHeight) -> Void)? = nil
    ) async throws -> (first: BlockHeight, last: BlockHeight) {
        guard !isRescanning else { throw WalletError.scanRunning }
        isRescanning = true
        abortsRescan = false
        defer { isRescanning = false }
        let before = contents.birthday
        if height < firstHeight {
            contents.birthday = height
            try save()
        }
        do {
            try await follow(chain, again: height, progress: progress)
        } catch {
            // What was not searched is not claimed to have been.
            contents.birthday = before
            try save()
            throw error
        }
        return (height, tipHeight)
    }

    /// Ends a rescan that goes on. False where there is none.
    public func abortRescan() -> Bool {
        guard isRescanning else { return false }
        abortsRescan = true
        return true
    }

    /// Where the first scan begins.
    private var firstHeight: BlockHeight { contents.birthday > Self.reorganisationDepth ? contents.birthday - Self.reorganisationDepth : 0 }

    /// - Parameter again: blocks from this height on are looked at again
    private func follow(
        _ chain: any WalletChain, again: BlockHeight?, progress: (@Sendable (BlockHeight, BlockHeight) -> Void)?
    ) async throws {
        await takeTurn()
        defer { endTurn() }
        let isRescan = again != nil
        var again = again
        repeat {
            // Others see the old ledger until the new one is whole.
            var work = ledger
            var pool = poolSequence
            let isNeeded = searchesAgain
            if let again {
                // A scan that began above has nothing below to build on.
                if let first = work.scanned.first?.block.height, first <= again {
                    while let tip = work.tip, tip.height >= again { work.disconnectLast() }
                    pool = nil
                } else {
                    searchesAgain = true
                }
            }
            again = nil
            if searchesAgain {
                searchesAgain = false
                work = WalletLedger()
                pool = nil
                work.takePayments(of: ledger, holder: holder(of:))
            }
            let height: BlockHeight
            do {
                height = try await scan(chain, into: &work, pool: &pool, isRescan: isRescan, progress: progress)
            } catch {
                // What was not searched to the end is searched the next time.
                searchesAgain = searchesAgain || isNeeded
                throw error
            }
            // Payments may have been made meanwhile.
            work.takePayments(of: ledger, holder: holder(of:))
            work.settle()
            (ledger, poolSequence, tipHeight) = (work, pool, height)
        } while searchesAgain
    }

    private func scan(
        _ chain: any WalletChain, into ledger: inout WalletLedger, pool: inout UInt64?, isRescan: Bool,
        progress: (@Sendable (BlockHeight, BlockHeight) -> Void)?
    ) async throws -> BlockHeight {
        let first = firstHeight
        while true {
            let target = try await chain.tip()
            while let tip = ledger.tip, try await chain.blockHash(at: tip.height) != tip.hash { ledger.disconnectLast() }
            let start = ledger.tip?.hash
            var height = ledger.tip.map { $0.height &+ 1 } ?? first
            reading: while height <= target.height {
                try Task.checkCancellation()
                if isRescan, abortsRescan { throw WalletError.scanAborted }
                let blocks = try await chain.blocks(from: height, limit: 64)
                if blocks.isEmpty { break }
                for block in blocks {
                    // The branch changed while it was read.
                    if let tip = ledger.tip, tip.hash != block.header.previousHash { break reading }
                    ledger.connect(block, hash: block.hash, height: height, holder: holder(of:))
                    try markUsedKeys(of: block)
                    height &+= 1
                }
                progress?(min(height, target.height), target.height)
                scannedHeight = height
            }
            let changes = try await chain.pool(since: pool)
            ledger.take(changes, holder: holder(of:))
            pool = changes.sequence
            let now = try await chain.tip()
            let isInStep = ledger.tip?.hash == now.hash || now.height < first
            // Where nothing moves there is nothing to wait for: a body may be missing.
            if isInStep || (now.hash == target.hash && ledger.tip?.hash == start) { return now.height }
        }
    }

    /// Hands payments that are not in a block to the node again, where it does not hold them: after a restart for example.
    /// One that the node refuses is kept: it is sent again until a block holds it or its owner gives it up.
    public func rebroadcast(through chain: any WalletChain) async throws {
        for payment in ledger.paymentsToSend {
            do {
                try await chain.submit(payment.transaction)
            } catch WalletError.refused {
                continue
            }
        }
    }

    /// Marks keys that a block pays to as handed out, and derives more ahead of them before the next block can pay to those.
    private func markUsedKeys(of block: Block) throws(WalletError) {
        var isNews = false
        for transaction in block.transactions {
            for output in transaction.outputs {
                guard let key = ring.key(for: output.program) else { continue }
                if ring.markUsed(key) { isNews = true }
            }
        }
        guard isNews else { return }
        contents.looksBack = true
        try deriveAhead()
        try save()
    }

    // MARK: one scan at a time

    private func takeTurn() async {
        guard isScanning else {
            isScanning = true
            return
        }
        await withCheckedContinuation { turns.append($0) }
    }

    private func endTurn() {
        scannedHeight = nil
        guard !turns.isEmpty else {
            isScanning = false
            return
        }
        turns.removeFirst().resume()
    }
}
