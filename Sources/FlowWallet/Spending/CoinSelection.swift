import FlowConsensus

/// Chooses which coins pay: first an exact match without change (branch and bound, as Bitcoin Core's; Erhardt 2016), else the
/// largest coins first. A pure function: the same coins give the same choice.
struct CoinSelection: Sendable {
    let coins: [WalletCoin]
    /// What goes back to the wallet; nil when the rest is too small to be worth an output and goes to the fee.
    let change: Amount?
    let fee: Amount

    /// Cost of an input with its witness, of an output, and of what every transaction has (generous counts).
    static let inputCost = TransactionInput.encodedLength + Witness.keyWitnessLength
    static let outputCost = 30 + ConsensusLimits.outputCost
    static let baseCost = 4 + 5 + 5 + 4 + 5

    /// The least amount worth an output: what it costs to spend it, and no less than nodes relay.
    static func dust(at rate: FeeRate) -> Amount { max(rate.fee(cost: inputCost), TransactionOutput.leastRelayedValue) }

    /// - Throws: `insufficientFunds` when all coins together do not cover the payment and its fee.
    static func choose(from coins: [WalletCoin], paying target: Amount, rate: FeeRate) throws(WalletError) -> CoinSelection {
        let inputFee = rate.fee(cost: inputCost).haruki
        let base = rate.fee(cost: baseCost + outputCost).haruki
        let changeFee = rate.fee(cost: outputCost).haruki
        let dust = dust(at: rate).haruki
        // Coins that cost more than they bring are left alone.
        let useful = coins.filter { $0.output.value.haruki > inputFee }
            .sorted { ($1.output.value, $0.outPoint.description) < ($0.output.value, $1.outPoint.description) }
        let needed = target.haruki + base
        let available = useful.reduce(Int64(0)) { $0 + $1.output.value.haruki - inputFee }
        guard available >= needed else {
            let sum = Amount.sum(coins.map(\.output.value)) ?? .maxMoney
            throw .insufficientFunds(
                needed: Amount(haruki: needed + inputFee * Int64(max(useful.count, 1))), available: sum)
        }
        let values = useful.map { $0.output.value.haruki - inputFee }
        if let exact = branchAndBound(values, from: needed, to: needed + changeFee + dust) {
            let chosen = exact.map { useful[$0] }
            let total = chosen.reduce(Int64(0)) { $0 + $1.output.value.haruki }
            return CoinSelection(coins: chosen, change: nil, fee: Amount(haruki: total - target.haruki))
        }
        var chosen: [WalletCoin] = []
        var sum: Int64 = 0
        for (coin, value) in zip(useful, values) where sum < needed {
            chosen.append(coin)
            sum += value
        }
        let total = chosen.reduce(Int64(0)) { $0 + $1.output.value.haruki }
        let rest = sum - needed - changeFee
        guard rest >= dust else {
            return CoinSelection(coins: chosen, change: nil, fee: Amount(haruki: total - target.haruki))
        }
        return CoinSelection(
            coins: chosen, change: Amount(haruki: rest), fee: Amount(haruki: total - target.haruki - rest))
    }

    /// Indices whose values sum to the range; values descend. Gives up after a fixed number of tries.
    private static func branchAndBound(_ values: [Int64], from low: Int64, to high: Int64) -> [Int]? {
        var remaining = [Int64](repeating: 0, count: values.count + 1)
        for index in values.indices.reversed() { remaining[index] = remaining[index + 1] + values[index] }
        var chosen: [Int] = []
        var sum: Int64 = 0
        var tries = 100_000
        var index = 0
        while tries > 0 {
            tries -= 1
            if sum >= low, sum <= high { return chosen }
            if index < values.count, sum <= high, sum + remaining[index] >= low {
                chosen.append(index)
                sum += values[index]
                index += 1
                continue
            }
            guard let last = chosen.popLast() else { return nil }
            sum -= values[last]
            index = last + 1
        }
        return nil
    }
}
