@testable import FlowConsensus
import FlowCrypto
import Foundation
import TestSupport
import Testing

@testable import FlowWallet

let testNetwork = WalletNetwork(genesisHash: Keccak256.hash([1]), addressPrefix: "rfl")
let testStranger = LockProgram(version: 0, bytes: [UInt8](repeating: 7, count: 20))

/// A wallet with coins that have matured, and its chain.
func fundedWallet(at path: String, coins: Int = 1) async throws -> (Wallet, TestChain) {
    let wallet = try Wallet.create(at: path, network: testNetwork, passphrase: "", lookahead: 20)
    let chain = TestChain()
    for _ in 0..<coins { await chain.mine(to: try await wallet.newAddress().program) }
    for _ in 0..<100 { await chain.mine(to: testStranger) }
    try await wallet.synchronise(with: chain)
    return (wallet, chain)
}

func flow(_ text: String) throws -> Amount { try #require(Amount(flow: text)) }

extension Transaction {
    fileprivate func paid(to program: LockProgram) -> [Int64] { outputs.filter { $0.program == program }.map(\.value.haruki) }
}

@Suite struct PaymentTests {
    private let others = (0..<4).map { LockProgram(version: 0, bytes: [UInt8](repeating: UInt8(20 + $0), count: 20)) }

    @Test func severalArePaidAtOnceAtTheRateAsked() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        var order = PaymentOrder(outputs: try zip(others, ["1", "2", "0.5", "3.25"]).map { TransactionOutput(value: try flow($1), program: $0) })
        order.rate = FeeRate(harukiPerThousand: 23_457)
        order.comment = "rent"
        order.payee = "Ada"
        let payment = try await wallet.pay(order, through: chain)
        #expect(payment.outputs.count == 5)
        for (program, text) in zip(others, ["1", "2", "0.5", "3.25"]) { #expect(payment.paid(to: program) == [try flow(text).haruki]) }
        let entry = try #require(await wallet.ledger[payment.txid])
        let fee = try #require(entry.fee)
        #expect(fee >= FeeRate(harukiPerThousand: 23_457).fee(cost: payment.cost) && fee <= FeeRate(harukiPerThousand: 23_457).fee(cost: payment.cost + 10))
        #expect(entry.comment == "rent" && entry.payee == "Ada")
        #expect(!payment.signalsReplacement && payment.inputs.allSatisfy { $0.sequence == .max })
        let again = try Wallet.load(from: folder.path("w"), network: testNetwork, lookahead: 20)
        try await again.synchronise(with: chain)
        #expect(await again.ledger[payment.txid]?.comment == "rent")
    }

    @Test func outputsPayTheFeeWhereTheyAreAskedTo() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        var order = PaymentOrder(outputs: try others.prefix(3).map { TransactionOutput(value: try flow("10"), program: $0) })
        order.feePayers = [0, 2]
        order.isReplaceable = true
        let payment = try await wallet.pay(order, through: chain)
        let fee = try #require(await wallet.ledger[payment.txid]?.fee)
        let parts = try [others[0], others[2]].map { try flow("10").haruki - (try #require(payment.paid(to: $0).first)) }
        #expect(parts[0] + parts[1] == fee.haruki && parts[0] - parts[1] <= 1 && parts[0] >= parts[1])
        #expect(payment.paid(to: others[1]) == [try flow("10").haruki])
        #expect(payment.signalsReplacement)
        // All that there is, nothing left.
        let rest = await wallet.balance.trusted
        var all = PaymentOrder(outputs: [TransactionOutput(value: rest, program: others[3])])
        all.feePayers = [0]
        let last = try await wallet.pay(all, through: chain)
        #expect(last.outputs.count == 1)
        #expect(await wallet.balance.trusted == .zero)
    }

    @Test func givenCoinsAreSpentAndNoOthersWhereAskedSo() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"), coins: 3)
        let coins = await wallet.ledger.coins
        var order = PaymentOrder(outputs: [TransactionOutput(value: try flow("1"), program: others[0])])
        order.inputs = [(coins[1].outPoint, nil), (coins[2].outPoint, 7)]
        order.addsInputs = false
        order.changePlace = 0
        order.changeProgram = others[1]
        let payment = try await wallet.pay(order, through: chain)
        #expect(payment.inputs.map(\.outPoint) == [coins[1].outPoint, coins[2].outPoint])
        #expect(payment.inputs.map(\.sequence) == [.max, 7])
        #expect(payment.outputs[0].program == others[1])
        // Too little, spent already, nobody's.
        order.inputs = [(coins[0].outPoint, nil)]
        order.outputs = [TransactionOutput(value: try flow("51"), program: others[0])]
        await #expect { try await wallet.pay(order, through: chain) } throws: { if case WalletError.insufficientFunds = $0 { true } else { false } }
        for outPoint in [coins[1].outPoint, OutPoint(txid: .zero, index: 0)] {
            order.inputs = [(outPoint, nil)]
            await #expect(throws: WalletError.notSpendable(outPoint)) { try await wallet.pay(order, through: chain) }
        }
    }

    @Test func ordersThatMakeNoSenseSayWhy() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        func fails(_ outputs: [TransactionOutput], _ change: (inout PaymentOrder) -> Void = { _ in }, _ check: @escaping @Sendable (WalletError) -> Bool) async {
            var order = PaymentOrder(outputs: outputs)
            change(&order)
            let final = order
            await #expect { try await wallet.pay(final, through: chain) } throws: { ($0 as? WalletError).map(check) ?? false }
        }
        let one = TransactionOutput(value: try flow("1"), program: others[0])
        await fails([]) { if case .invalidOrder = $0 { true } else { false } }
        await fails([one], { $0.rate = FeeRate(harukiPerThousand: 999) }) { if case .invalidOrder = $0 { true } else { false } }
        await fails([one], { $0.feePayers = [1] }) { if case .invalidOrder = $0 { true } else { false } }
        await fails([one], { $0.rate = FeeRate(harukiPerThousand: 90_000_000) }) {
            switch $0 { case .feeAboveLimit, .amountBelowDust: true default: false }
        }
        await fails([TransactionOutput(value: Amount(haruki: 1_500), program: others[0])], { $0.feePayers = [0] }) {
            if case .feeNotPayable = $0 { true } else { false }
        }
        await fails([TransactionOutput(value: .maxMoney, program: others[0]), one]) { if case .invalidOrder = $0 { true } else { false } }
        await fails([TransactionOutput(value: Amount(haruki: -5), program: others[0])]) { if case .amountBelowDust = $0 { true } else { false } }
        await fails([TransactionOutput(value: try flow("1"), program: LockProgram(version: 0, bytes: [1]))]) { if case .notPayable = $0 { true } else { false } }
        await fails(Array(repeating: one, count: 4_000)) { if case .invalidOrder = $0 { true } else { false } }
        #expect(await wallet.balance.trusted == (try flow("50")))
    }

    @Test func lockedCoinsAreNotChosenUntilTheyAreUnlocked() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"), coins: 2)
        let coins = await wallet.ledger.coins
        #expect(try await wallet.lock(coins[0].outPoint, isKept: true))
        #expect(try await wallet.lock(coins[1].outPoint))
        #expect(try await !wallet.lock(coins[1].outPoint))
        #expect(await wallet.lockedOutPoints.count == 2)
        let there = try Address(program: others[0], prefix: "rfl")
        await #expect { try await wallet.send(try flow("1"), to: there, through: chain) } throws: { if case WalletError.insufficientFunds = $0 { true } else { false } }
        await #expect(throws: WalletError.notSpendable(OutPoint(txid: .zero, index: 1))) { try await wallet.lock(OutPoint(txid: .zero, index: 1)) }
        // A restart keeps what was to be kept.
        let again = try Wallet.load(from: folder.path("w"), network: testNetwork, lookahead: 20)
        try await again.synchronise(with: chain)
        #expect(await again.lockedOutPoints == [coins[0].outPoint])
        let payment = try await again.send(flow("1"), to: there, through: chain)
        #expect(payment.inputs.map(\.outPoint) == [coins[1].outPoint])
        #expect(try await again.unlock(coins[0].outPoint))
        #expect(try await !again.unlock(coins[0].outPoint))
        #expect(await again.lockedOutPoints.isEmpty)
        try await wallet.unlockAllCoins()
        #expect(await wallet.lockedOutPoints.isEmpty)
    }

    @Test func chainsOfChangeEndAtTheNodesLimit() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        let there = try Address(program: others[0], prefix: "rfl")
        for _ in 0..<25 { _ = try await wallet.send(flow("0.1"), to: there, through: chain) }
        await #expect(throws: WalletError.chainTooLong) { try await wallet.send(try flow("0.1"), to: there, through: chain) }
        await chain.mine(to: testStranger)
        _ = try await wallet.send(flow("0.1"), to: there, through: chain)
    }

    @Test func aCoinOfAReusedAddressStaysWhereThatIsAsked() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let wallet = try Wallet.create(at: folder.path("w"), network: testNetwork, passphrase: "", lookahead: 20)
        let chain = TestChain()
        let mine = try await wallet.newAddress().program
        for _ in 0..<2 { await chain.mine(to: mine) }
        for _ in 0..<100 { await chain.mine(to: testStranger) }
        let there = try Address(program: others[0], prefix: "rfl")
        _ = try await wallet.send(flow("1"), to: there, through: chain)
        await chain.mine(to: testStranger)
        try await wallet.setAvoidsReuse(true)
        let payment = try await wallet.send(flow("1"), to: there, through: chain)
        let (ledger, tip) = await (wallet.ledger, wallet.tipHeight)
        #expect(tip == 103)
        #expect(payment.inputs.allSatisfy { ledger.output($0.outPoint)?.holder.program != mine })
        await #expect { try await wallet.send(try flow("60"), to: there, through: chain) } throws: { if case WalletError.insufficientFunds = $0 { true } else { false } }
        let again = try Wallet.load(from: folder.path("w"), network: testNetwork, lookahead: 20)
        #expect(await again.avoidsReuse)
    }
}
