/// The coins while a block is being checked: the view below, what the block made and what it spent.
struct BlockLedger<Coins: CoinView> {
    private let coins: Coins
    private var made: [OutPoint: Coin] = [:]
    private var order: [OutPoint] = []
    private var spentBelow: [OutPoint] = []
    private var spent: Set<OutPoint> = []

    init(coins: Coins) {
        self.coins = coins
    }

    /// Takes a coin; a second time, or when it does not exist, throws `missingCoin`.
    mutating func spend(_ outPoint: OutPoint) throws -> Coin {
        guard !spent.contains(outPoint) else { throw TransactionViolation.missingCoin(outPoint) }
        if let coin = made[outPoint] {
            spent.insert(outPoint)
            return coin
        }
        guard let coin = try coins.coin(for: outPoint) else { throw TransactionViolation.missingCoin(outPoint) }
        spent.insert(outPoint)
        spentBelow.append(outPoint)
        return coin
    }

    /// Adds the outputs of a transaction.
    mutating func add(_ transaction: Transaction, height: BlockHeight) {
        let txid = transaction.txid
        let isCoinbase = transaction.isCoinbase
        for (index, output) in transaction.outputs.enumerated() {
            let outPoint = OutPoint(txid: txid, index: UInt32(truncatingIfNeeded: index))
            made[outPoint] = Coin(output: output, height: height, isCoinbase: isCoinbase)
            order.append(outPoint)
        }
    }

    /// What remains, in the order of the block.
    var changes: CoinChanges {
        CoinChanges(
            spent: spentBelow,
            created: order.compactMap { outPoint in
                guard !spent.contains(outPoint), let coin = made[outPoint] else { return nil }
                return CoinChanges.Creation(outPoint: outPoint, coin: coin)
            })
    }
}
