@testable import FlowConsensus
import FlowCrypto
import TestSupport
import Testing

@testable import FlowWallet

@Suite struct HistoryTests {
    @Test func whatHappenedSinceABlock() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"), coins: 2)
        let there = try Address(program: testStranger, prefix: "rfl")
        let first = try await wallet.send(flow("1"), to: there, through: chain)
        await chain.mine(to: testStranger)
        let start = await chain.tip()
        let second = try await wallet.send(flow("2"), to: there, through: chain)
        await chain.mine(to: testStranger)
        let left = await chain.tip()
        let third = try await wallet.send(flow("3"), to: there, through: chain)
        var history = try await wallet.history(since: start.hash, through: chain)
        #expect(history.transactions.map(\.txid) == [second.txid, third.txid] && history.removed.isEmpty)
        #expect(try await wallet.history(since: nil, through: chain).transactions.count == 5)
        history = try await wallet.history(since: left.hash, through: chain)
        #expect(history.transactions.map(\.txid) == [third.txid])
        // The last block is left by the branch, and another holds nothing.
        await chain.rewind(1)
        for _ in 0..<2 { await chain.mine(to: testStranger, fork: 7, most: 0) }
        history = try await wallet.history(since: left.hash, through: chain)
        #expect(history.removed.map(\.txid) == [second.txid])
        #expect(Set(history.transactions.map(\.txid)) == [second.txid, third.txid])
        #expect(history.transactions.allSatisfy { $0.state == .pending })
        _ = first
        await #expect(throws: WalletError.unknownBlock(.zero)) { try await wallet.history(since: .zero, through: chain) }
    }

    /// A payment that stood in a block only, and is gone with it.
    @Test func whatIsGoneWithItsBlockIsToldOnce() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let wallet = try Wallet.create(at: folder.path("w"), network: testNetwork, passphrase: "", lookahead: 20)
        let chain = TestChain()
        await chain.mine(to: try await wallet.newAddress().program)
        try await wallet.synchronise(with: chain)
        let left = await chain.tip()
        await chain.rewind(1)
        for _ in 0..<2 { await chain.mine(to: testStranger, fork: 3) }
        let history = try await wallet.history(since: left.hash, through: chain)
        #expect(history.transactions.isEmpty && history.removed.count == 1)
        #expect(history.removed.first?.state == .conflicted && history.removed.first?.transaction.isCoinbase == true)
    }

    @Test func whatAddressesReceived() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (payer, chain) = try await fundedWallet(at: folder.path("payer"), coins: 2)
        let wallet = try Wallet.create(at: folder.path("w"), network: testNetwork, passphrase: "", lookahead: 20)
        let (rent, empty) = (try await wallet.newAddress(label: "rent"), try await wallet.newAddress())
        let one = try await payer.send(flow("1"), to: rent, through: chain)
        await chain.mine(to: rent.program)
        let two = try await payer.send(flow("2.5"), to: rent, through: chain)
        try await wallet.synchronise(with: chain)
        let (ledger, tip) = await (wallet.ledger, wallet.tipHeight)
        var received = ledger.received(atTip: tip, confirmations: 0)
        #expect(received[rent.program]?.amount == (try flow("3.5")), "newly mined coins left out")
        #expect(received[rent.program]?.txids == [one.txid, two.txid] && received[rent.program]?.confirmations == 0)
        received = ledger.received(atTip: tip, confirmations: 1)
        #expect(received[rent.program]?.amount == (try flow("1")) && received[rent.program]?.confirmations == 1)
        #expect(ledger.received(atTip: tip, confirmations: 2).isEmpty)
        #expect(received[empty.program] == nil)
        #expect(await wallet.addresses == [rent, empty])
        // Labels, of one's own and of others.
        let other = try Address(program: testStranger, prefix: "rfl")
        try await wallet.setLabel("shop", of: other)
        try await wallet.setLabel("house", of: rent)
        #expect(await wallet.labels == [rent.description: "house", other.description: "shop"])
        try await wallet.setLabel("", of: rent)
        #expect(await wallet.labels == [other.description: "shop"])
        let again = try Wallet.load(from: folder.path("w"), network: testNetwork, lookahead: 20)
        #expect(await again.label(of: other) == "shop")
        #expect(await again.label(of: empty) == nil)
    }

    @Test func addressesWhoseOwnerTheChainTold() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"), coins: 3)
        let tip = await wallet.tipHeight
        #expect(await wallet.ledger.groupings(atTip: tip).map(\.count) == [1, 1, 1])
        _ = try await wallet.send(flow("80"), to: Address(program: testStranger, prefix: "rfl"), through: chain)
        try await wallet.synchronise(with: chain)
        let groups = await wallet.ledger.groupings(atTip: tip)
        // Two were spent together, and the change is theirs.
        #expect(groups.map(\.count).sorted() == [1, 3])
        let sum = groups.flatMap(\.self).reduce(Int64(0)) { $0 + $1.amount.haruki }
        #expect(sum == (await wallet.balance.trusted.haruki))
    }

    @Test func whatATransactionWouldChange() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"), coins: 2)
        let order = PaymentOrder(outputs: [TransactionOutput(value: try flow("7"), program: testStranger)])
        let draft = try await wallet.fund(order, through: chain)
        let expected = -(try flow("7").haruki) - draft.fee.haruki
        #expect(try await wallet.balanceChange(by: [draft.transaction]) == expected)
        // A second one that spends the change.
        let place = try #require(draft.changePlace)
        let change = OutPoint(txid: draft.transaction.txid, index: UInt32(place))
        let next = Transaction(inputs: [TransactionInput(outPoint: change)], outputs: [TransactionOutput(value: try flow("1"), program: testStranger)])
        #expect(try await wallet.balanceChange(by: [draft.transaction, next]) == -(draft.spent[0].output.value.haruki))
        await #expect(throws: WalletError.self) { try await wallet.balanceChange(by: [draft.transaction, draft.transaction]) }
        let sent = try await wallet.pay(order, through: chain)
        let twice = Transaction(inputs: [sent.inputs[0]], outputs: next.outputs)
        await #expect(throws: WalletError.notSpendable(sent.inputs[0].outPoint)) { try await wallet.balanceChange(by: [twice]) }
        // Somebody else's money changes nothing.
        let others = Transaction(inputs: [TransactionInput(outPoint: OutPoint(txid: Keccak256.hash([4]), index: 0))], outputs: next.outputs)
        #expect(try await wallet.balanceChange(by: [others]) == 0)
    }

    @Test func rawTransactionsAreFundedAndSigned() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"), coins: 2)
        var order = PaymentOrder(outputs: [TransactionOutput(value: try flow("60"), program: testStranger)])
        order.lockTime = 5
        order.locksCoins = true
        let draft = try await wallet.fund(order, through: chain)
        #expect(draft.transaction.lockTime == 5 && draft.transaction.inputs.allSatisfy { $0.sequence == .max - 1 } && draft.transaction.witnesses.isEmpty)
        #expect(await wallet.lockedOutPoints.count == 2)
        let signed = try await wallet.sign(draft.transaction)
        #expect(signed.isComplete)
        try await chain.submit(signed.transaction)
        // Signed again, it is the same; an input of somebody else's is named.
        #expect(try await wallet.sign(signed.transaction).transaction == signed.transaction)
        var more = draft.transaction
        more.inputs.append(TransactionInput(outPoint: OutPoint(txid: Keccak256.hash([3]), index: 0)))
        let unknown = try await wallet.sign(more)
        #expect(unknown.faults.map(\.input) == [0, 1, 2] && unknown.faults[2].reason == "Input not found or already spent")
        let key = Ed25519.PrivateKey.generate()
        let theirs = TransactionOutput(value: try flow("1"), program: LockProgram(publicKey: key.publicKey))
        let half = try await wallet.sign(more, spent: [more.inputs[2].outPoint: theirs])
        #expect(half.faults.map(\.input) == [2])
        let spent = draft.spent.map { Optional($0.output) } + [theirs]
        let whole = SignedTransaction(half.transaction, spending: spent, domain: SignatureDomain(genesisHash: testNetwork.genesisHash, rulesRoot: .zero), keys: [key])
        #expect(whole.isComplete)
    }

    @Test func messagesAreSignedByTheAddressesKey() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let wallet = try Wallet.create(at: folder.path("w"), network: testNetwork, passphrase: "", lookahead: 5)
        let address = try await wallet.newAddress()
        let signature = try await wallet.sign(message: "I am here", by: address)
        #expect(try MessageSignature(signature.description).isValid(for: "I am here", by: address.program, genesisHash: testNetwork.genesisHash))
        let other = try Address(program: testStranger, prefix: "rfl")
        await #expect(throws: WalletError.notOwnAddress(other.description)) { try await wallet.sign(message: "m", by: other) }
        try await wallet.encrypt(passphrase: "p")
        await #expect(throws: WalletError.locked) { try await wallet.sign(message: "m", by: address) }
    }
}
