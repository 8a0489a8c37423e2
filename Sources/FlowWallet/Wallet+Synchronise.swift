public import FlowConsensus
import FlowCrypto

extension Wallet {
    /// Scans the blocks that the followed branch has gained, after taking back those it has left.
    ///
    /// - Parameter progress: told the height reached and the tip's, now and then.
    /// - Throws: what the chain throws, `CancellationError`.
    public func synchronise(
        with chain: any WalletChain, progress: (@Sendable (BlockHeight, BlockHeight) -> Void)? = nil
    ) async throws {
        let target = try await chain.tipHeight()
        while let tip = ledger.tip, try await chain.blockHash(at: tip.height) != tip.hash {
            ledger.disconnectLast()
        }
        tipHeight = target
        var height = ledger.tip.map { $0.height &+ 1 } ?? birthday
        var foundKeys = false
        while height <= target {
            try Task.checkCancellation()
            // A branch can change while it is being read; the next call puts that right.
            guard let hash = try await chain.blockHash(at: height), let block = try await chain.block(hash) else { break }
            if let tip = ledger.tip, tip.hash != block.header.previousHash { break }
            let ring = ring
            ledger.connect(block, hash: hash, height: height, key: { ring.key(for: $0) })
            if markUsedKeys(of: block) {
                // More keys are derived ahead of those just met, before the next block can pay to them.
                foundKeys = true
                try deriveAhead()
            }
            if height % 100 == 0 { progress?(height, target) }
            height &+= 1
        }
        progress?(target, target)
        if foundKeys { try save() }
    }

    /// Learns an unconfirmed transaction that reached the node's pool.
    public func observe(_ transaction: Transaction) {
        let ring = ring
        ledger.add(unconfirmed: transaction, key: { ring.key(for: $0) })
    }

    /// Hands payments that are not in a block yet to the node again, after a restart for example.
    /// One that the chain refuses, because its coins are spent otherwise, is forgotten.
    public func rebroadcast(through chain: any WalletChain) async throws {
        for entry in ledger.unconfirmed where entry.fee != nil {
            do {
                try await chain.submit(entry.transaction)
            } catch is CancellationError {
                throw CancellationError()
            } catch WalletError.refused {
                ledger.remove(entry.txid)
            }
        }
        try save()
    }

    private func markUsedKeys(of block: Block) -> Bool {
        var found = false
        for transaction in block.transactions {
            for output in transaction.outputs {
                guard let key = ring.key(for: output.program) else { continue }
                let before = ring.next[key.branch]
                ring.markUsed(key)
                found = found || ring.next[key.branch] != before
            }
        }
        return found
    }
}
