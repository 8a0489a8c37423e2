import FlowConsensus
import FlowCrypto
import TestSupport
import Testing

@testable import FlowWallet

private func coin(_ haruki: Int64, _ index: UInt32) throws -> WalletCoin {
    let publicKey = try #require(Ed25519.PublicKey(bytes: [UInt8](repeating: 1, count: 32)))
    let key = WalletKey(branch: .receive, index: 0, publicKey: publicKey)
    return WalletCoin(
        outPoint: OutPoint(txid: Keccak256.hash([UInt8(truncatingIfNeeded: index)]), index: index),
        output: TransactionOutput(value: Amount(haruki: haruki), program: key.program), key: key, height: 1,
        isCoinbase: false, isOwnChange: false)
}

@Suite struct CoinSelectionTests {
    private let rate = FeeRate.standard

    @Test func everyChoiceBalancesAndPaysItsFee() throws {
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            let coins = try (0..<UInt32.random(in: 1...40, using: &random)).map {
                try coin(Int64.random(in: 1...5_000_000, using: &random), $0)
            }
            let target = Amount(haruki: Int64.random(in: 2_000...20_000_000, using: &random))
            guard let choice = try? CoinSelection.choose(from: coins, paying: target, rate: rate) else {
                let useful = coins.map { max(0, $0.output.value.haruki - rate.fee(cost: CoinSelection.inputCost).haruki) }
                #expect(useful.reduce(0, +) < target.haruki + 1_000, "seed \(seed): refused although the coins suffice")
                continue
            }
            let total = choice.coins.reduce(Int64(0)) { $0 + $1.output.value.haruki }
            #expect(total == target.haruki + choice.fee.haruki + (choice.change?.haruki ?? 0), "seed \(seed)")
            #expect(Set(choice.coins.map(\.outPoint)).count == choice.coins.count, "seed \(seed)")
            let outputs = choice.change == nil ? 1 : 2
            let cost = 13 + choice.coins.count * CoinSelection.inputCost + outputs * CoinSelection.outputCost
            #expect(choice.fee >= rate.fee(cost: cost), "seed \(seed): the fee is below the rate")
            let slack = CoinSelection.dust(at: rate).haruki + rate.fee(cost: CoinSelection.outputCost + 20).haruki
            #expect(choice.fee.haruki <= rate.fee(cost: cost).haruki + slack, "seed \(seed): the fee is needlessly high")
            if let change = choice.change { #expect(change >= CoinSelection.dust(at: rate), "seed \(seed)") }
        }
    }

    @Test func anExactMatchNeedsNoChange() throws {
        let inputFee = rate.fee(cost: CoinSelection.inputCost).haruki
        let base = rate.fee(cost: CoinSelection.baseCost + CoinSelection.outputCost).haruki
        let coins = try [9_000_000, 700_000, 300_000 + inputFee, 200_000 + inputFee + base, 44_000].enumerated().map {
            try coin(Int64($1), UInt32($0))
        }
        let choice = try CoinSelection.choose(from: coins, paying: Amount(haruki: 500_000), rate: rate)
        #expect(choice.change == nil)
        #expect(choice.coins.count == 2)
    }

    @Test func coinsThatCostMoreThanTheyBringStay() throws {
        let coins = try (0..<50).map { try coin(100, $0) } + [coin(1_000_000, 99)]
        let choice = try CoinSelection.choose(from: coins, paying: Amount(haruki: 500_000), rate: rate)
        #expect(choice.coins.count == 1)
    }
}
