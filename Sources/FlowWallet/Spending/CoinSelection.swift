import FlowConsensus
import FlowCrypto

/// Which coins pay.
///
/// Several ways are tried, and the one that wastes least is taken (Erhardt 2016; Bitcoin Core): branch and bound for a match that needs no change, a single
/// random draw, random halves as in Bitcoin's old knapsack solver, and the largest first, which finds a choice wherever there is one. A pure function of the
/// coins and of the generator passed in.
struct CoinSelection: Sendable {
    enum Method: String, CaseIterable, Sendable {
        case given, branchAndBound, singleRandomDraw, knapsack, largestFirst
    }

    let coins: [CoinCandidate]
    /// What goes back to the wallet; nil when the rest is too small to be worth an output and goes to the fee.
    let change: Amount?
    let fee: Amount
    /// What the outputs together pay of it.
    let deducted: Amount
    let method: Method
    /// What the choice costs beyond the least: spending coins on a dear day, making and spending change, or giving the rest away.
    let waste: Int64

    /// Chooses among coins: confirmed ones if they suffice, then those of short unconfirmed chains, then all that nodes still relay together.
    ///
    /// - Parameter given: coins that are spent in any case
    /// - Throws: `insufficientFunds`, `tooManyCoins`, `chainTooLong`
    static func choose(
        from candidates: [CoinCandidate], given: [CoinCandidate] = [], for demand: CoinDemand, using generator: inout some RandomNumberGenerator
    ) throws(WalletError) -> CoinSelection {
        let chain = given.reduce(into: Set<Hash256>()) { $0.formUnion($1.ancestors) }
        guard chain.count < CoinCandidate.chainLimit, given.allSatisfy({ $0.descendants < CoinCandidate.chainLimit }) else { throw .chainTooLong }
        let names = Set(given.map(\.outPoint))
        let others = candidates.filter { !names.contains($0.outPoint) }
        let all = CoinCandidate.withinChainLimit(others, standingOn: chain)
        let tiers = [
            others.filter(\.ancestors.isEmpty), CoinCandidate.withinChainLimit(others, standingOn: chain, ancestors: 2), all,
        ]
        var error = WalletError.chainTooLong
        for tier in tiers {
            do { return try choose(within: tier, given: given, for: demand, using: &generator) } catch let fault { error = fault }
        }
        if case .insufficientFunds = error, others.count > all.count,
            (try? choose(within: others, given: given, for: demand, using: &generator)) != nil
        {
            throw .chainTooLong
        }
        throw error
    }

    private static func choose(
        within candidates: [CoinCandidate], given: [CoinCandidate], for demand: CoinDemand, using generator: inout some RandomNumberGenerator
    ) throws(WalletError) -> CoinSelection {
        guard given.count <= demand.mostCoins else { throw .tooManyCoins(limit: demand.mostCoins) }
        let needed = demand.needed &- given.reduce(0) { $0 &+ demand.effectiveValue($1) }
        if needed <= 0, !given.isEmpty { return CoinSelection(given, .given, demand) }
        // Coins that cost more than they bring are left alone.
        let useful = candidates.filter { demand.effectiveValue($0) > 0 && $0.value > demand.inputFee }
            .sorted { ($1.value, $0.outPoint.txid, $0.outPoint.index) < ($0.value, $1.outPoint.txid, $1.outPoint.index) }
        let values = useful.map(demand.effectiveValue)
        guard values.reduce(0, &+) >= needed else {
            let sum = Amount.sum((given + candidates).map(\.coin.output.value)) ?? .maxMoney
            let short = demand.needed &+ demand.inputFee &* Int64(max(useful.count + given.count, 1))
            throw .insufficientFunds(needed: Amount(haruki: demand.subtractsFee ? demand.amount : short), available: sum)
        }
        let most = demand.mostCoins - given.count
        let solver = CoinSolver(values: values, needed: needed, most: most, demand: demand)
        var choices: [CoinSelection] = []
        func consider(_ places: [Int]?, _ method: Method) {
            guard let places, !places.isEmpty, places.count <= most else { return }
            choices.append(CoinSelection(given + places.map { useful[$0] }, method, demand))
        }
        consider(solver.branchAndBound(), .branchAndBound)
        consider(solver.singleRandomDraw(using: &generator), .singleRandomDraw)
        consider(solver.knapsack(using: &generator), .knapsack)
        consider(solver.largestFirst(), .largestFirst)
        guard let best = choices.min(by: { ($0.waste, $0.coins.count) < ($1.waste, $1.coins.count) }) else { throw .tooManyCoins(limit: demand.mostCoins) }
        return best
    }

    private init(_ coins: [CoinCandidate], _ method: Method, _ demand: CoinDemand) {
        self.coins = coins
        self.method = method
        let total = coins.reduce(Int64(0)) { $0 &+ $1.value }
        let cost = demand.fixedCost + coins.count * CoinDemand.inputCost
        let (fee, feeWithChange) = (demand.rate.fee(cost: cost).haruki, demand.rate.fee(cost: cost + CoinDemand.outputCost).haruki)
        let rest = total &- demand.amount &- (demand.subtractsFee ? 0 : feeWithChange)
        let excess: Int64
        if rest >= demand.dust {
            change = Amount(haruki: rest)
            deducted = Amount(haruki: demand.subtractsFee ? feeWithChange : 0)
            excess = demand.changeCost
        } else {
            change = nil
            deducted = Amount(haruki: demand.subtractsFee ? max(0, fee &- (total &- demand.amount)) : 0)
            excess = total &- demand.amount &- (demand.subtractsFee ? 0 : fee)
        }
        self.fee = Amount(haruki: total &- demand.amount &- (change?.haruki ?? 0) &+ deducted.haruki)
        waste = Int64(coins.count) &* (demand.inputFee &- demand.quietInputFee) &+ excess
    }
}
