/// The unspent outputs as they stand before the block that is checked.
public protocol CoinView {
    /// The coin, or nil when it does not exist or is spent. An error is a fault of the store and says nothing about the block.
    func coin(for outPoint: OutPoint) throws -> Coin?
}
