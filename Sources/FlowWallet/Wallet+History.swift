import FlowConsensus
public import FlowCrypto

/// What happened to a wallet since a block.
public struct WalletHistory: Sendable {
    /// What no block up to that one holds, the oldest first.
    public let transactions: [WalletTransaction]
    /// What stood in blocks that the followed branch has left since.
    public let removed: [WalletTransaction]
}

extension Wallet {
    /// What happened since a block, which may have been left by the followed branch meanwhile; all that ever happened for nil.
    ///
    /// - Throws: `unknownBlock`, what the chain throws
    public func history(since hash: Hash256?, through chain: any WalletChain) async throws -> WalletHistory {
        try await synchronise(with: chain)
        guard let hash else { return WalletHistory(transactions: ledger.transactions(above: nil), removed: []) }
        var (next, left) = (hash, [Block]())
        while true {
            guard let block = try await chain.block(next) else { throw WalletError.unknownBlock(hash) }
            if try await chain.blockHash(at: block.header.height) == next {
                // Blocks may have come while the branch was walked.
                try await synchronise(with: chain)
                return WalletHistory(transactions: ledger.transactions(above: block.header.height), removed: removed(left))
            }
            left.append(block)
            next = block.header.previousHash
        }
    }

    private func removed(_ blocks: [Block]) -> [WalletTransaction] {
        blocks.flatMap { block in
            block.transactions.compactMap { transaction in
                let txid = transaction.txid
                return ledger[txid] ?? ledger.describeLeft(transaction, txid: txid, time: block.header.time, holder: holder(of:))
            }
        }
    }
}
