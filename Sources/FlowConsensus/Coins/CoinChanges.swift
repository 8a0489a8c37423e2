/// What a block does to the unspent outputs: remove `spent`, then add `created`. Outputs that the block both makes and
/// spends appear in neither. The order is that of the block.
public struct CoinChanges: Hashable, Sendable {
    public struct Creation: Hashable, Sendable {
        public let outPoint: OutPoint
        public let coin: Coin

        init(outPoint: OutPoint, coin: Coin) {
            self.outPoint = outPoint
            self.coin = coin
        }
    }

    public let spent: [OutPoint]
    public let created: [Creation]

    init(spent: [OutPoint], created: [Creation]) {
        self.spent = spent
        self.created = created
    }
}
