@testable import FlowConsensus
import FlowCrypto
import TestSupport
import Testing

@testable import FlowWallet

@Suite struct BumpTests {
    private func payment(_ amount: String, from wallet: Wallet, _ chain: TestChain, isReplaceable: Bool = true) async throws -> Transaction {
        var order = PaymentOrder(outputs: [TransactionOutput(value: try flow(amount), program: testStranger)])
        order.isReplaceable = isReplaceable
        return try await wallet.pay(order, through: chain)
    }

    @Test func aPaymentOfAHigherFeeTakesThePlaceOfTheFirst() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        let first = try await payment("5", from: wallet, chain)
        let (second, oldFee, fee) = try await wallet.bump(first.txid, through: chain)
        #expect(fee.haruki >= oldFee.haruki + FeeRate.relay.fee(cost: second.cost).haruki)
        #expect(second.outputs.contains(TransactionOutput(value: try flow("5"), program: testStranger)))
        #expect(Set(second.inputs.map(\.outPoint)) == Set(first.inputs.map(\.outPoint)))
        #expect(await chain.pool.map(\.txid) == [second.txid])
        try await wallet.synchronise(with: chain)
        #expect(await wallet.balance.trusted == (try flow("45").subtracting(fee)))
        #expect(await wallet.ledger[first.txid]?.state == .conflicted)
        #expect(await wallet.ledger[first.txid]?.replacedBy == second.txid)
        #expect(await wallet.ledger[second.txid]?.replaces == first.txid)
        await #expect(throws: WalletError.alreadyReplaced(first.txid, by: second.txid)) { try await wallet.bump(first.txid, through: chain) }
        // Once more, at a rate of one's own.
        let (third, _, _) = try await wallet.bump(second.txid, rate: FeeRate(harukiPerThousand: 40_000), isReplaceable: false, through: chain)
        #expect(!third.signalsReplacement)
        // A restart of both, and the node lost everything: the last one is sent again, and the first ones are not.
        await chain.forgetPool()
        let again = try Wallet.load(from: folder.path("w"), network: testNetwork, lookahead: 20)
        try await again.synchronise(with: chain)
        #expect(await again.ledger[third.txid]?.state == .pending)
        #expect(await again.ledger[second.txid]?.state == .conflicted)
        try await again.rebroadcast(through: chain)
        #expect(await chain.pool.map(\.txid) == [third.txid])
        await chain.mine(to: testStranger)
        try await again.synchronise(with: chain)
        #expect(await again.ledger[third.txid]?.block != nil)
        #expect(await again.ledger.transactionCount == 4)
    }

    @Test func theFirstMayBeConfirmedAfterAll() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        let first = try await payment("5", from: wallet, chain)
        let (second, oldFee, _) = try await wallet.bump(first.txid, through: chain)
        // The node goes back to the first one; the second is handed in again and takes its place.
        await chain.forgetPool()
        try await chain.submit(first)
        try await wallet.synchronise(with: chain)
        #expect(await wallet.ledger[first.txid]?.state == .pending)
        try await wallet.rebroadcast(through: chain)
        #expect(await chain.pool.map(\.txid) == [second.txid])
        await chain.forgetPool()
        try await chain.submit(first)
        await chain.mine(to: testStranger)
        try await wallet.synchronise(with: chain)
        #expect(await wallet.ledger[second.txid]?.state == .conflicted)
        #expect(await wallet.balance.trusted == (try flow("45").subtracting(oldFee)))
        // That block goes again, and the second counts.
        await chain.rewind(1)
        await chain.forgetPool()
        await chain.mine(to: testStranger, fork: 3)
        try await wallet.synchronise(with: chain)
        #expect(await wallet.ledger[second.txid]?.state == .pending)
        #expect(await wallet.ledger[first.txid]?.state == .conflicted)
    }

    @Test func givingTheSecondUpGivesUpBoth() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        let first = try await payment("5", from: wallet, chain)
        let (second, _, _) = try await wallet.bump(first.txid, through: chain)
        await chain.forgetPool()
        try await wallet.synchronise(with: chain)
        try await wallet.abandon(second.txid)
        #expect(await wallet.balance.trusted == (try flow("50")))
        try await wallet.rebroadcast(through: chain)
        #expect(await chain.pool.isEmpty)
    }

    @Test func moreCoinsAreSpentWhereTheChangeDoesNotSuffice() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"), coins: 2)
        let first = try await payment("49.99999", from: wallet, chain)
        #expect(first.inputs.count >= 1)
        let (second, _, _) = try await wallet.bump(first.txid, rate: FeeRate(harukiPerThousand: 200_000), through: chain)
        #expect(second.inputs.count == 2)
        #expect(Set(first.inputs.map(\.outPoint)).isSubset(of: second.inputs.map(\.outPoint)))
        #expect(await chain.pool.map(\.txid) == [second.txid])
    }

    @Test func whatCannotBeReplacedSaysWhy() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"), coins: 2)
        let final = try await payment("1", from: wallet, chain, isReplaceable: false)
        func fails(_ txid: Hash256, rate: FeeRate? = nil, _ check: @escaping @Sendable (WalletError) -> Bool) async {
            await #expect { try await wallet.bump(txid, rate: rate, through: chain) } throws: { ($0 as? WalletError).map(check) ?? false }
        }
        await fails(final.txid) { if case .notReplaceable(_, "Transaction is not BIP 125 replaceable") = $0 { true } else { false } }
        await fails(.zero) { $0 == .notOfWallet(.zero) }
        let parent = try await payment("1", from: wallet, chain)
        await fails(parent.txid, rate: FeeRate(harukiPerThousand: 10_100)) { if case .feeBelowReplaced = $0 { true } else { false } }
        // A payment that spends its change.
        _ = try await payment("95", from: wallet, chain)
        await fails(parent.txid) { if case .notReplaceable(_, "Transaction has descendants in the wallet") = $0 { true } else { false } }
        await chain.mine(to: testStranger)
        await fails(parent.txid) { if case .notReplaceable = $0 { true } else { false } }
        // A node that refuses the second one keeps the first.
        let last = try await payment("1", from: wallet, chain)
        await chain.refuse("no")
        await fails(last.txid) { $0 == .refused("no") }
        await chain.refuse(nil)
        #expect(await wallet.ledger[last.txid]?.state == .pending)
        #expect(await wallet.ledger[last.txid]?.replacedBy == nil)
        _ = try await wallet.bump(last.txid, through: chain)
    }
}
