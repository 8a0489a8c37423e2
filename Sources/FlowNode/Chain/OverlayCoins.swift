import FlowConsensus

/// The coins as they would stand on a branch: the stored coins with changes of some blocks laid over them.
struct OverlayCoins: CoinView {
    private let base: any CoinView
    private var changed: [OutPoint: Coin?] = [:]

    init(base: any CoinView) { self.base = base }

    func coin(for outPoint: OutPoint) throws -> Coin? {
        if let known = changed[outPoint] { return known }
        return try base.coin(for: outPoint)
    }

    mutating func apply(_ changes: CoinChanges) {
        for outPoint in changes.spent { changed[outPoint] = .some(nil) }
        for creation in changes.created { changed[creation.outPoint] = creation.coin }
    }
}
