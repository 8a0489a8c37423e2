@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

@testable import FlowWallet

/// Whatever happens to a wallet, its ledger is that of a wallet that was there all along.
@Suite struct LedgerPropertyTests {
    private static let network = WalletNetwork(genesisHash: Keccak256.hash([1]), addressPrefix: "rfl")
    private static let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
    private static let stranger = LockProgram(version: 0, bytes: [UInt8](repeating: 7, count: 20))

    /// What can be seen of a ledger.
    private struct View: Equatable {
        var balance: WalletBalance
        var watched: WalletBalance?
        var coins: [WalletCoin] = []
        var transactions: [String] = []
        var tip: WalletBlock?
    }

    private static func view(_ wallet: Wallet) async -> View {
        let (ledger, balance, watched) = await (wallet.ledger, wallet.balance, wallet.watchedBalance)
        var view = View(balance: balance, watched: watched, coins: ledger.coins, tip: ledger.tip)
        ledger.visitNewest { transaction in
            view.transactions.append("\(transaction.txid) \(transaction.state) \(transaction.own) \(transaction.watched) \(String(describing: transaction.fee)) \(String(describing: transaction.replacedBy))")
            return true
        }
        return view
    }

    private enum Event: String, CaseIterable { case payment, restart, crash, reorganisation, lock, lostPool, abandoned, refused, bump, watch, coinLock }
    private typealias Tally = [Event: Int]

    @Test func everyHistoryGivesTheLedgerOfAWalletThatWasThereAllAlong() async throws {
        let seeds = ProcessInfo.processInfo.environment["FLOW_WALLET_SEEDS"].flatMap { UInt64($0) } ?? 50
        var tally: Tally = [:]
        try await withThrowingTaskGroup(of: Tally.self) { group in
            for half in 0..<2 as Range<UInt64> {
                group.addTask {
                    var tally: Tally = [:]
                    for seed in stride(from: half, to: seeds, by: 2) { try await Self.history(seed, &tally) }
                    return tally
                }
            }
            for try await part in group { tally.merge(part, uniquingKeysWith: +) }
        }
        print("wallet ledger: \(seeds) seeds, \(Event.allCases.map { "\($0) \(tally[$0, default: 0])" }.joined(separator: ", "))")
        #expect(Event.allCases.allSatisfy { tally[$0, default: 0] > 0 }, "each kind of event")
    }

    /// One history: the wallet under test is locked, unlocked, stopped, killed, and sees the chain now and then; what it should own is asked of a wallet that is
    /// made of its file, unlocked, and reads the whole chain once.
    private static func history(_ seed: UInt64, _ tally: inout Tally) async throws {
        var random = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder(inMemory: true)
        let path = folder.path("w")
        let chain = TestChain()
        // Opening a seal takes a tenth of a second, so few are sealed.
        let passphrase = seed % 16 == 0 ? "p" : ""
        var wallet = try Wallet.create(at: path, network: network, passphrase: passphrase, mnemonic: words, lookahead: 12)
        let copy = try Wallet.create(at: folder.path("copy"), network: network, passphrase: "", mnemonic: words, lookahead: 12)
        await chain.mine(to: try await wallet.newAddress().program)
        for _ in 0..<Int.random(in: 100...104, using: &random) { await chain.mine(to: stranger) }
        let there = try Address(program: stranger, prefix: "rfl")
        var copied: LockProgram?
        /// Payments that somebody was told of.
        var told: Set<Hash256> = [], givenUp: Set<Hash256> = [], replaced: Set<Hash256> = []
        for _ in 0..<Int.random(in: 10...40, using: &random) {
            switch Int.random(in: 0..<19, using: &random) {
            case 0, 1:
                let mine = Bool.random(using: &random) ? try? await wallet.newAddress().program : nil
                await chain.mine(to: mine ?? stranger, fork: random.next(), most: Int.random(in: 0...3, using: &random))
            case 2, 3:
                // Somebody who has the same words is paid, and pays.
                let paid = Set(await chain.blocks.suffix(12).flatMap(\.transactions).flatMap(\.outputs).map(\.program))
                if let last = copied, !paid.contains(last) {} else { copied = try await copy.newAddress().program }
                await chain.mine(to: copied ?? stranger, fork: random.next(), most: Int.random(in: 0...3, using: &random))
                if Bool.random(using: &random) { _ = try? await copy.send(Amount(haruki: 3_000_000), to: there, through: chain) }
            case 4, 5, 6:
                let amount = Amount(haruki: Int64.random(in: 100_000...4_000_000_000, using: &random))
                let target = Int.random(in: 0..<3, using: &random) == 0 ? (try? await wallet.newAddress()) ?? there : there
                var order = PaymentOrder(paying: amount, to: target)
                order.isReplaceable = Bool.random(using: &random)
                if let payment = try? await wallet.pay(order, through: chain) {
                    told.insert(payment.txid)
                    tally[.payment, default: 0] += 1
                } else {
                    tally[.refused, default: 0] += 1
                }
            case 7:
                let depth = Int.random(in: 1...4, using: &random)
                guard await chain.tipHeight() > 101 + BlockHeight(depth) else { continue }
                await chain.rewind(depth)
                for _ in 0...depth { await chain.mine(to: stranger, fork: random.next(), most: Int.random(in: 0...2, using: &random)) }
                tally[.reorganisation, default: 0] += 1
            case 8, 9:
                // Ended or killed, it is the same: everything that counts is in the file.
                wallet = try Wallet.load(from: path, network: network, lookahead: 12)
                if Bool.random(using: &random) { try await wallet.synchronise(with: chain) }
                tally[.restart, default: 0] += 1
            case 10:
                // Killed after it wrote the payment down and before the node had it.
                await chain.refuse("killed")
                let file = try Data(contentsOf: URL(fileURLWithPath: path))
                _ = try? await wallet.send(Amount(haruki: 1_000_000), to: there, through: chain)
                await chain.refuse(nil)
                if Bool.random(using: &random) { try file.write(to: URL(fileURLWithPath: path)) }
                wallet = try Wallet.load(from: path, network: network, lookahead: 12)
                tally[.crash, default: 0] += 1
            case 11:
                if passphrase.isEmpty { continue }
                if await wallet.isLocked { try await wallet.unlock(passphrase: passphrase, for: .seconds(3_600)) } else { try await wallet.lock() }
                tally[.lock, default: 0] += 1
            case 12:
                await chain.forgetPool()
                tally[.lostPool, default: 0] += 1
            case 13:
                try await wallet.synchronise(with: chain)
                if let payment = await wallet.ledger.unconfirmedPayments.randomElement(using: &random), (try? await wallet.abandon(payment.transaction.txid)) != nil {
                    givenUp.insert(payment.transaction.txid)
                    tally[.abandoned, default: 0] += 1
                }
            case 14:
                try await wallet.rebroadcast(through: chain)
            case 15, 16:
                // A second payment takes the first one's place; the node may lose either, or take a block with the first.
                let payments = await wallet.ledger.unconfirmedPayments
                if let old = payments.randomElement(using: &random), let (new, before, after) = try? await wallet.bump(old.transaction.txid, through: chain) {
                    #expect(after > before, "seed \(seed)")
                    told.insert(new.txid)
                    replaced.insert(old.transaction.txid)
                    tally[.bump, default: 0] += 1
                    if Int.random(in: 0..<3, using: &random) == 0 {
                        await chain.forgetPool()
                        try? await chain.submit(old.transaction)
                    }
                }
            case 17:
                guard try await wallet.watch(there) else { continue }
                try await wallet.rescan(from: UInt32.random(in: 0...1, using: &random) * 50, with: chain)
                tally[.watch, default: 0] += 1
                try await wallet.rescan(from: 0, with: chain)
            case 18:
                if let coin = await wallet.ledger.coins.randomElement(using: &random) {
                    if try await !wallet.unlock(coin.outPoint) { try await wallet.lock(coin.outPoint, isKept: Bool.random(using: &random)) }
                    tally[.coinLock, default: 0] += 1
                }
            default:
                try await wallet.synchronise(with: chain)
            }
        }
        if await wallet.isLocked { try await wallet.unlock(passphrase: passphrase, for: .seconds(3_600)) }
        try await wallet.synchronise(with: chain)
        let seen = await view(wallet)
        // All along: one that has the file's keys and payments before it reads the chain.
        try FileManager.default.copyItem(atPath: path, toPath: folder.path("all"))
        let all = try Wallet.load(from: folder.path("all"), network: network, lookahead: 12)
        if !passphrase.isEmpty { try await all.unlock(passphrase: passphrase, for: .seconds(3_600)) }
        try await all.synchronise(with: chain)
        let expected = await view(all)
        #expect(seen == expected, "seed \(seed)")
        // Money: what the chain holds for the wallet's keys and no waiting transaction spends.
        let blocks = await chain.blocks, pool = await chain.pool
        var coins: [OutPoint: Int64] = [:]
        for transaction in blocks.flatMap(\.transactions) {
            for input in transaction.inputs { coins[input.outPoint] = nil }
            for (index, output) in transaction.outputs.enumerated() where await all.holder(of: output.program) != nil {
                coins[OutPoint(txid: transaction.txid, index: UInt32(index))] = output.value.haruki
            }
        }
        let confirmed = await wallet.ledger.coins.filter { $0.height != nil }
        let ledger = await wallet.ledger
        // Of a payment and the one that took its place, one counts.
        for txid in replaced {
            let states = [ledger[txid]?.state, ledger[txid]?.replacedBy.flatMap { ledger[$0]?.state }]
            #expect(states.filter { $0 == .pending || $0.map { if case .confirmed = $0 { true } else { false } } ?? false }.count <= 1, "seed \(seed): \(states)")
        }
        let waiting = pool + ledger.unconfirmedPayments.map(\.transaction)
        for input in waiting.flatMap(\.inputs) { coins[input.outPoint] = nil }
        #expect(Set(confirmed.map(\.outPoint)) == Set(coins.keys), "seed \(seed)")
        // Nothing that anybody was told of is lost.
        for txid in told {
            let state = ledger[txid]?.state
            #expect(state != nil && (state != .abandoned || !givenUp.isEmpty && (givenUp.contains(txid) || replaced.contains(txid))), "seed \(seed): payment \(txid) is \(String(describing: state))")
        }
    }
}
