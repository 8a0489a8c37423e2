public import FlowEncoding

/// The coins that a block spent, so that it can be taken back: for each transaction but the coinbase, one per input.
public struct BlockUndo: Hashable, Sendable {
    /// For each transaction but the coinbase the coins that its inputs spend, in their order.
    public let spentCoins: [[Coin]]

    init(spentCoins: [[Coin]]) {
        self.spentCoins = spentCoins
    }

    /// What taking the block back does to the coins; nil when the undo data does not belong to the block.
    public func changes(disconnecting block: Block) -> CoinChanges? {
        let transactions = block.transactions.dropFirst()
        guard spentCoins.count == transactions.count else { return nil }
        let txids = block.transactions.map(\.txid)
        let own = Set(txids)
        var spentInside: Set<OutPoint> = []
        var restored: [CoinChanges.Creation] = []
        for (transaction, coins) in zip(transactions, spentCoins) {
            guard coins.count == transaction.inputs.count else { return nil }
            for (input, coin) in zip(transaction.inputs, coins) {
                if own.contains(input.outPoint.txid) {
                    spentInside.insert(input.outPoint)
                } else {
                    restored.append(CoinChanges.Creation(outPoint: input.outPoint, coin: coin))
                }
            }
        }
        var removed: [OutPoint] = []
        for (transaction, txid) in zip(block.transactions, txids) {
            for index in transaction.outputs.indices {
                let outPoint = OutPoint(txid: txid, index: UInt32(truncatingIfNeeded: index))
                if !spentInside.contains(outPoint) { removed.append(outPoint) }
            }
        }
        return CoinChanges(spent: removed, created: restored)
    }
}

extension BlockUndo: BinaryCodable {
    /// CompactSize and, for each transaction, CompactSize and its coins.
    public func encode(to writer: inout ByteWriter) {
        writer.writeCompactSize(UInt64(spentCoins.count))
        for coins in spentCoins {
            writer.writeArray(coins)
        }
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        let limit = UInt64(ConsensusLimits.blockSize)
        let count = try reader.readCount(limit: limit, minimumElementSize: 1)
        var lists: [[Coin]] = []
        lists.reserveCapacity(count)
        for _ in 0..<count {
            lists.append(try reader.readArray(limit: limit, minimumElementSize: Coin.minimumLength))
        }
        spentCoins = lists
    }
}
