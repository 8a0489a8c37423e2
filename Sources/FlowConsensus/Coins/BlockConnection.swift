/// The result of connecting a valid block to the chain: what changes, how to take it back, and what it collects.
public struct BlockConnection: Hashable, Sendable {
    public let changes: CoinChanges
    public let undo: BlockUndo
    /// The sum of the fees of all transactions.
    public let fees: Amount

    init(changes: CoinChanges, undo: BlockUndo, fees: Amount) {
        self.changes = changes
        self.undo = undo
        self.fees = fees
    }
}
