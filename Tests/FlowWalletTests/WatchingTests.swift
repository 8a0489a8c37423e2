@testable import FlowConsensus
import FlowCrypto
import Foundation
import TestSupport
import Testing

@testable import FlowWallet

@Suite struct WatchingTests {
    @Test func aWalletWithoutKeysHandsOutNoneAndWatches() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let chain = TestChain()
        let there = try Address(program: testStranger, prefix: "rfl")
        for (name, watchesOnly, error) in [("watch", true, WalletError.noPrivateKeys), ("blank", false, .noSecret)] as [(String, Bool, WalletError)] {
            let wallet = try Wallet.createWithoutKeys(at: folder.path(name), network: testNetwork, watchesOnly: watchesOnly)
            let (hasSecret, isLocked, watches) = await (wallet.hasSecret, wallet.isLocked, wallet.watchesOnly)
            #expect(!hasSecret && !isLocked && watches == watchesOnly)
            await #expect(throws: error) { try await wallet.newAddress() }
            await #expect(throws: error) { try await wallet.encrypt(passphrase: "p") }
            await #expect(throws: error) { try await wallet.mnemonic(passphrase: "") }
            await #expect(throws: error) { try await wallet.refillKeys(ahead: 5) }
            await #expect(throws: error) { try await wallet.sign(message: "m", by: there) }
            #expect(await wallet.watchedBalance == nil)
            #expect(try await wallet.watch(there, label: "shop"))
            #expect(try await !wallet.watch(there))
            await chain.mine(to: testStranger)
            try await wallet.synchronise(with: chain)
            let again = try Wallet.load(from: folder.path(name), network: testNetwork)
            try await again.synchronise(with: chain)
            #expect(await again.watchedBalance?.immature == wallet.watchedBalance?.immature)
            #expect(await again.watchedBalance?.immature != .zero)
            #expect(await again.label(of: there) == "shop")
            #expect(await again.watchesOnly == watchesOnly)
        }
        #expect { try Wallet.createWithoutKeys(at: folder.path("blank"), network: testNetwork, watchesOnly: false) } throws: {
            $0 as? WalletError == .alreadyExists(path: folder.path("blank"))
        }
    }

    @Test func whatIsWatchedIsShownApartAndNeverSpent() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        let other = Ed25519.PrivateKey.generate()
        let theirs = try Address(program: LockProgram(publicKey: other.publicKey), prefix: "rfl")
        _ = try await wallet.send(flow("10"), to: theirs, through: chain)
        for _ in 0..<2 { await chain.mine(to: testStranger) }
        try await wallet.synchronise(with: chain)
        let before = await wallet.balance
        try await wallet.watch(theirs, publicKey: other.publicKey, label: "theirs")
        // It is found where blocks are looked at again.
        #expect(await wallet.watchedBalance?.trusted == .zero)
        #expect(try await wallet.rescan(from: 103, with: chain) == (103, 103))
        #expect(await wallet.watchedBalance?.trusted == .zero)
        let range = try await wallet.rescan(from: 100, with: chain)
        #expect(range == (100, 103))
        #expect(await wallet.watchedBalance?.trusted == (try flow("10")))
        #expect(await wallet.balance == before)
        let coin = try #require(await wallet.ledger.coins.first { $0.holder.isWatched })
        let tip = await wallet.tipHeight
        #expect(!coin.isSpendable(atTip: tip) && coin.isSafe(atTip: tip))
        let there = try Address(program: testStranger, prefix: "rfl")
        await #expect { try await wallet.send(try flow("45"), to: there, through: chain) } throws: { if case WalletError.insufficientFunds = $0 { true } else { false } }
        var order = PaymentOrder(paying: try flow("1"), to: there)
        order.inputs = [(coin.outPoint, nil)]
        let mine = order
        await #expect(throws: WalletError.notSpendable(coin.outPoint)) { try await wallet.pay(mine, through: chain) }
        // A transaction that spends both shows what is whose.
        let signed = try await wallet.sign(Transaction(inputs: [TransactionInput(outPoint: coin.outPoint)], outputs: [coin.output]))
        #expect(!signed.isComplete)
        await #expect(throws: WalletError.self) { try await wallet.watch(try #require(await wallet.addresses.first)) }
        await #expect(throws: WalletError.self) { try await wallet.watch(Address(program: testStranger, prefix: "fl")) }
        await #expect(throws: WalletError.self) { try await wallet.watch(there, publicKey: other.publicKey) }
        // A restart knows the same.
        let again = try Wallet.load(from: folder.path("w"), network: testNetwork, lookahead: 20)
        try await again.synchronise(with: chain)
        #expect(await again.watchedBalance == wallet.watchedBalance)
        #expect(await again.holder(of: theirs.program)?.publicKey == other.publicKey)
    }

    @Test func aRescanSaysHowFarItIsAndCanBeAborted() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        let before = await wallet.balance
        let seen = Heights()
        try await wallet.rescan(from: 0, with: chain) { height, tip in seen.add(height, tip) }
        #expect(seen.all.count > 10 && seen.all.allSatisfy { $0.1 == 101 } && seen.all.map(\.0) == seen.all.map(\.0).sorted())
        await #expect(throws: WalletError.scanAborted) {
            try await wallet.rescan(from: 0, with: AbortingChain(chain: chain, wallet: wallet))
        }
        #expect(await !wallet.isRescanning)
        #expect(await wallet.balance == before)
        #expect(await !wallet.abortRescan())
        try await wallet.synchronise(with: chain)
        #expect(await wallet.balance == before)
    }

    @Test func aRescanBelowTheBirthdayIsRemembered() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let chain = TestChain()
        let words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
        let first = try Wallet.create(at: folder.path("a"), network: testNetwork, passphrase: "", mnemonic: words, lookahead: 5)
        await chain.mine(to: try await first.newAddress().program)
        for _ in 0..<2_120 { await chain.mine(to: testStranger) }
        let late = try Wallet.create(at: folder.path("b"), network: testNetwork, passphrase: "", mnemonic: words, birthday: 2_121, lookahead: 5)
        try await late.synchronise(with: chain)
        #expect(await late.balance.trusted == .zero)
        try await late.rescan(from: 0, with: chain)
        #expect(await late.balance.trusted == (try flow("50")))
        let again = try Wallet.load(from: folder.path("b"), network: testNetwork, lookahead: 5)
        try await again.synchronise(with: chain)
        #expect(await again.balance.trusted == (try flow("50")))
    }
}

/// A chain on whose way somebody aborts the scan.
private struct AbortingChain: WalletChain {
    let chain: TestChain
    let wallet: Wallet

    func tip() async throws -> (hash: Hash256, height: BlockHeight) { await chain.tip() }
    func blockHash(at height: BlockHeight) async throws -> Hash256? { await chain.blockHash(at: height) }
    func block(_ hash: Hash256) async throws -> Block? { await chain.block(hash) }
    func blocks(from height: BlockHeight, limit: Int) async throws -> [Block] {
        if height > 50 { #expect(await wallet.abortRescan()) }
        return await chain.blocks(from: height, limit: limit)
    }
    func pool(since sequence: UInt64?) async throws -> WalletPoolChanges { await chain.pool(since: sequence) }
    func submit(_ transaction: Transaction) async throws { try await chain.submit(transaction) }
}

private final class Heights: @unchecked Sendable {
    private let lock = NSLock()
    private var heights: [(BlockHeight, BlockHeight)] = []
    var all: [(BlockHeight, BlockHeight)] { lock.withLock { heights } }
    func add(_ height: BlockHeight, _ tip: BlockHeight) { lock.withLock { heights.append((height, tip)) } }
}
