import FlowConsensus

/// What confirmed coins are worth, by the height of their blocks, so that a balance needs no look at each coin.
struct CoinSums: Sendable {
    struct Sum: Sendable {
        var payments: Int64 = 0
        var coinbases: Int64 = 0
    }

    private var byHeight: [BlockHeight: Sum] = [:]
    private var total: Int64 = 0

    mutating func add(_ coin: WalletCoin) { change(coin, by: coin.output.value.haruki) }
    mutating func remove(_ coin: WalletCoin) { change(coin, by: -coin.output.value.haruki) }

    private mutating func change(_ coin: WalletCoin, by value: Int64) {
        guard let height = coin.height else { return }
        var sum = byHeight[height] ?? Sum()
        if coin.isCoinbase { sum.coinbases &+= value } else { sum.payments &+= value }
        total &+= value
        byHeight[height] = sum.payments == 0 && sum.coinbases == 0 ? nil : sum
    }

    /// What is so many blocks deep, coinbases that are not mature beside it.
    func value(atTip tip: BlockHeight, confirmations: Int64) -> (mature: Int64, immature: Int64) {
        var (mature, immature) = (total, Int64(0))
        for (height, sum) in byHeight {
            let confirmed = Int64(tip) - Int64(height) + 1
            let isMature = confirmed >= Int64(ConsensusLimits.coinbaseMaturity)
            if !isMature { immature &+= sum.coinbases }
            if !isMature || confirmed < confirmations { mature &-= sum.coinbases }
            if confirmed < confirmations { mature &-= sum.payments }
        }
        return (mature, immature)
    }
}
