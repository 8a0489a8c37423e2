import FlowConsensus
import FlowCrypto
import TestSupport
import Testing

@testable import FlowWallet

private func candidate(_ haruki: Int64, _ index: UInt32, ancestors: Set<Hash256> = [], descendants: Int = 0) throws -> CoinCandidate {
    let publicKey = try #require(Ed25519.PublicKey(bytes: [UInt8](repeating: 1, count: 32)))
    let key = WalletKey(branch: .receive, index: 0, publicKey: publicKey)
    let coin = WalletCoin(
        outPoint: OutPoint(txid: Keccak256.hash([UInt8(truncatingIfNeeded: index), UInt8(truncatingIfNeeded: index >> 8)]), index: index),
        output: TransactionOutput(value: Amount(haruki: haruki), program: key.program), holder: .key(key), height: ancestors.isEmpty ? 1 : nil,
        isCoinbase: false, isOwnChange: !ancestors.isEmpty)
    return CoinCandidate(coin: coin, ancestors: ancestors, descendants: descendants)
}

@Suite struct CoinSelectionTests {
    private func demand(_ amount: Int64, _ rate: FeeRate = .standard, subtractsFee: Bool = false, most: Int = 700) -> CoinDemand {
        CoinDemand(
            amount: amount, fixedCost: CoinDemand.baseCost + CoinDemand.outputCost, rate: rate, subtractsFee: subtractsFee, mostCoins: most)
    }

    private static func attempt(
        _ candidates: [CoinCandidate], _ given: [CoinCandidate], _ demand: CoinDemand, _ random: inout SeededGenerator
    ) -> Result<CoinSelection, WalletError> {
        do { return .success(try CoinSelection.choose(from: candidates, given: given, for: demand, using: &random)) } catch { return .failure(error) }
    }

    /// Whatever the coins, rates and limits: sums balance, the fee is at least the rate's and not needlessly high, no change is dust, no limit is passed.
    @Test func everyChoiceBalancesAndKeepsTheLimits() throws {
        var methods: Set<CoinSelection.Method> = []
        for seed in UInt64(0)..<2_000 {
            var random = SeededGenerator(seed: seed)
            let rate = FeeRate(harukiPerThousand: Int64.random(in: 1_000...50_000, using: &random))
            let chains = (0..<6).map { Keccak256.hash([1, UInt8($0)]) }
            var candidates: [CoinCandidate] = []
            for index in 0..<UInt32.random(in: 1...60, using: &random) {
                let isUnconfirmed = Int.random(in: 0..<4, using: &random) == 0
                let ancestors = isUnconfirmed ? Set(chains.prefix(Int.random(in: 1...6, using: &random))) : []
                let value = Int.random(in: 0..<3, using: &random) == 0 ? Int64.random(in: 1...8_000, using: &random) : Int64.random(in: 1...5_000_000, using: &random)
                candidates.append(try candidate(value, index, ancestors: ancestors, descendants: isUnconfirmed ? Int.random(in: 1...26, using: &random) : 0))
            }
            var given: [CoinCandidate] = []
            if Int.random(in: 0..<4, using: &random) == 0, let first = candidates.first, first.descendants < 25 { given = [first] }
            let most = Int.random(in: 1...60, using: &random)
            let demand = demand(
                Int64.random(in: 6_000...20_000_000, using: &random), rate, subtractsFee: Bool.random(using: &random), most: most)
            let choice: CoinSelection
            switch Self.attempt(candidates, given, demand, &random) {
            case .success(let found): choice = found
            case .failure(.insufficientFunds):
                let useful = CoinCandidate.withinChainLimit(candidates).filter { demand.effectiveValue($0) > 0 && $0.value > demand.inputFee }
                let sum = useful.reduce(Int64(0)) { $0 + demand.effectiveValue($1) }
                let lost = given.reduce(Int64(0)) { $0 + max(0, -demand.effectiveValue($1)) }
                #expect(!given.isEmpty || sum - lost < demand.needed, "seed \(seed): refused although the coins suffice")
                continue
            case .failure(.tooManyCoins):
                let largest = candidates.map { demand.effectiveValue($0) }.sorted(by: >).prefix(most).reduce(Int64(0), +)
                let isSimple = given.isEmpty && candidates.allSatisfy(\.ancestors.isEmpty)
                #expect(!isSimple || largest < demand.needed, "seed \(seed): a few large coins would do")
                continue
            case .failure(.chainTooLong):
                #expect(candidates.contains { !$0.ancestors.isEmpty }, "seed \(seed)")
                continue
            case .failure(let error):
                Issue.record("seed \(seed): \(error)")
                continue
            }
            methods.insert(choice.method)
            let total = choice.coins.reduce(Int64(0)) { $0 + $1.value }
            let (change, fee) = (choice.change?.haruki ?? 0, choice.fee.haruki)
            #expect(total == demand.amount - choice.deducted.haruki + fee + change, "seed \(seed)")
            #expect(Set(choice.coins.map(\.outPoint)).count == choice.coins.count && choice.coins.count <= most, "seed \(seed)")
            #expect(Set(given.map(\.outPoint)).isSubset(of: choice.coins.map(\.outPoint)), "seed \(seed)")
            let cost = demand.fixedCost + choice.coins.count * CoinDemand.inputCost + (choice.change == nil ? 0 : CoinDemand.outputCost)
            #expect(choice.fee >= rate.fee(cost: cost), "seed \(seed): the fee is below the rate")
            let slack = demand.dust + rate.fee(cost: CoinDemand.outputCost).haruki
            #expect(fee <= rate.fee(cost: cost).haruki + slack, "seed \(seed): the fee is needlessly high")
            if let change = choice.change { #expect(change.haruki >= demand.dust, "seed \(seed): change is dust") }
            #expect(choice.deducted == .zero || demand.subtractsFee, "seed \(seed)")
            let chain = choice.coins.reduce(into: Set<Hash256>()) { $0.formUnion($1.ancestors) }
            #expect(chain.count < CoinCandidate.chainLimit && choice.coins.allSatisfy { $0.descendants < CoinCandidate.chainLimit }, "seed \(seed)")
        }
        print("coin selection: 2000 seeds, \(methods.map(\.rawValue).sorted())")
        #expect(methods.count >= 4, "\(methods)")
    }

    @Test func theSameGeneratorChoosesTheSame() throws {
        let coins = try (0..<50).map { try candidate(Int64(20_000 + 7_919 * Int64($0) % 90_000), $0) }
        var (one, two) = (SeededGenerator(seed: 5), SeededGenerator(seed: 5))
        let first = try CoinSelection.choose(from: coins, for: demand(400_000), using: &one)
        let second = try CoinSelection.choose(from: coins.reversed(), for: demand(400_000), using: &two)
        #expect(first.coins.map(\.outPoint) == second.coins.map(\.outPoint))
    }

    @Test func anExactMatchNeedsNoChange() throws {
        var random = SeededGenerator(seed: 1)
        let demand = demand(500_000)
        let fee = demand.inputFee
        let coins = try [9_000_000, 700_000, 300_000 + fee, 200_000 + fee + demand.needed - demand.amount, 44_000].enumerated().map {
            try candidate(Int64($1), UInt32($0))
        }
        let choice = try CoinSelection.choose(from: coins, for: demand, using: &random)
        #expect(choice.change == nil && choice.method == .branchAndBound)
        #expect(choice.coins.count == 2)
    }

    @Test func coinsThatCostMoreThanTheyBringStay() throws {
        var random = SeededGenerator(seed: 1)
        let coins = try (0..<50).map { try candidate(100, $0) } + [candidate(1_000_000, 99)]
        let choice = try CoinSelection.choose(from: coins, for: demand(500_000), using: &random)
        #expect(choice.coins.count == 1)
    }

    @Test func confirmedCoinsGoFirstAndLongChainsNever() throws {
        var random = SeededGenerator(seed: 1)
        let chain = (0..<24).map { Keccak256.hash([9, UInt8($0)]) }
        let confirmed = try (0..<8).map { try candidate(200_000, $0) }
        let fresh = try candidate(5_000_000, 100, ancestors: [chain[0]], descendants: 1)
        let long = try candidate(9_000_000, 101, ancestors: Set(chain), descendants: 24)
        let full = try candidate(9_000_000, 102, ancestors: [Keccak256.hash([8])], descendants: 25)
        let all = confirmed + [fresh, long, full]
        #expect(try CoinSelection.choose(from: all, for: demand(1_000_000), using: &random).coins.allSatisfy(\.ancestors.isEmpty))
        #expect(try CoinSelection.choose(from: all, for: demand(4_000_000), using: &random).coins.contains { $0.outPoint == fresh.outPoint })
        // The 24 ancestors of one and it are 25: no more can join them.
        #expect(try CoinSelection.choose(from: all, for: demand(8_000_000), using: &random).coins.contains { $0.outPoint == long.outPoint })
        #expect(throws: WalletError.chainTooLong) { try CoinSelection.choose(from: all, for: demand(20_000_000), using: &random) }
        #expect(throws: WalletError.chainTooLong) { try CoinSelection.choose(from: all, given: [full], for: demand(100_000), using: &random) }
        #expect { try CoinSelection.choose(from: all, for: demand(90_000_000), using: &random) } throws: {
            if case WalletError.insufficientFunds = $0 { true } else { false }
        }
    }

    /// On a dear day few coins are spent, on a cheap one the change is saved.
    @Test func theLeastWasteIsTaken() throws {
        var random = SeededGenerator(seed: 3)
        let coins = try (0..<40).map { try candidate(60_000, $0) } + [candidate(2_000_000, 50)]
        let dear = try CoinSelection.choose(from: coins, for: demand(1_000_000, FeeRate(harukiPerThousand: 100_000)), using: &random)
        #expect(dear.coins.count == 1, "\(dear.method)")
    }

    @Test func moreCoinsThanFitAreNamed() throws {
        var random = SeededGenerator(seed: 3)
        let coins = try (0..<400).map { try candidate(60_000, $0) }
        #expect(throws: WalletError.tooManyCoins(limit: 10)) { try CoinSelection.choose(from: coins, for: demand(5_000_000, most: 10), using: &random) }
    }
}
