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
        await takeTurn()
        defer { endTurn() }
        repeat {
            // Others see the old ledger until the new one is whole.
            var work = ledger
            var pool = poolSequence
            let begins = searchesAgain
            if begins {
                searchesAgain = false
                work = WalletLedger()
                pool = nil
                work.takePayments(of: ledger, key: key(for:))
            }
            let height: BlockHeight
            do {
                height = try await scan(chain, into: &work, pool: &pool, progress: progress)
            } catch {
                // What was not searched to the end is searched the next time.
                searchesAgain = searchesAgain || begins
                throw error
            }
            // Payments may have been made meanwhile.
            work.takePayments(of: ledger, key: key(for:))
            work.settle()
            (ledger, poolSequence, tipHeight) = (work, pool, height)
        } while searchesAgain
    }

    private func scan(
        _ chain: any WalletChain, into ledger: inout WalletLedger, pool: inout UInt64?, progress: (@Sendable (BlockHeight, BlockHeight) -> Void)?
    ) async throws -> BlockHeight {
        let first = contents.birthday > Self.reorganisationDepth ? contents.birthday - Self.reorganisationDepth : 0
        while true {
            let target = try await chain.tip()
            while let tip = ledger.tip, try await chain.blockHash(at: tip.height) != tip.hash { ledger.disconnectLast() }
            let start = ledger.tip?.hash
            var height = ledger.tip.map { $0.height &+ 1 } ?? first
            reading: while height <= target.height {
                try Task.checkCancellation()
                let blocks = try await chain.blocks(from: height, limit: 64)
                if blocks.isEmpty { break }
                for block in blocks {
                    // The branch changed while it was read.
                    if let tip = ledger.tip, tip.hash != block.header.previousHash { break reading }
                    ledger.connect(block, hash: block.hash, height: height, key: key(for:))
                    try markUsedKeys(of: block)
                    height &+= 1
                }
                progress?(min(height, target.height), target.height)
                scannedHeight = height
            }
            let changes = try await chain.pool(since: pool)
            ledger.take(changes, key: key(for:))
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
        for payment in ledger.unconfirmedPayments where !ledger.isInPool(payment.transaction.txid) {
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

    /// Which of the wallet's keys a program pays to.
    func key(for program: LockProgram) -> WalletKey? { ring.key(for: program) }

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
