/// Unspent outputs in memory: for tests, tools and small chains.
public struct CoinTable: CoinView, Equatable, Sendable {
    public private(set) var coins: [OutPoint: Coin]

    public init(_ coins: [OutPoint: Coin] = [:]) {
        self.coins = coins
    }

    public func coin(for outPoint: OutPoint) -> Coin? { coins[outPoint] }

    /// Removes what is spent, then adds what is created.
    public mutating func apply(_ changes: CoinChanges) {
        for outPoint in changes.spent {
            coins[outPoint] = nil
        }
        for creation in changes.created {
            coins[creation.outPoint] = creation.coin
        }
    }
}
