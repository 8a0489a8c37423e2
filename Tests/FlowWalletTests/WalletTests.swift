@testable import FlowConsensus
@testable import FlowCrypto
import Foundation
import TestSupport
import Testing

@testable import FlowWallet

private let network = WalletNetwork(genesisHash: Keccak256.hash([1]), addressPrefix: "rfl")
private let stranger = LockProgram(version: 0, bytes: [UInt8](repeating: 7, count: 20))
private let words =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

private func flow(_ text: String) throws -> Amount { try #require(Amount(flow: text)) }

@Suite struct WalletTests {
    @Test func minedCoinsMatureAfterAHundredBlocks() async throws {
        let folder = try TemporaryFolder()
        let wallet = try Wallet.create(at: folder.path("w"), network: network, passphrase: "")
        let chain = TestChain()
        let mine = try await wallet.newAddress().program
        await chain.mine(to: mine)
        for _ in 0..<98 { await chain.mine(to: stranger) }
        try await wallet.synchronise(with: chain)
        #expect(try await wallet.balance.immature == flow("50"))
        #expect(try await wallet.balance.trusted == .zero)
        await chain.mine(to: stranger)
        try await wallet.synchronise(with: chain)
        #expect(try await wallet.balance.trusted == flow("50"))
        #expect(try await wallet.balance.immature == .zero)
    }

    @Test func aPaymentIsSignedAsTheRulesAskAndArrives() async throws {
        let folder = try TemporaryFolder()
        let payer = try Wallet.create(at: folder.path("payer"), network: network, passphrase: "")
        let payee = try Wallet.create(at: folder.path("payee"), network: network, passphrase: "")
        let chain = TestChain()
        await chain.mine(to: try await payer.newAddress().program)
        for _ in 0..<100 { await chain.mine(to: stranger) }
        let amount = try flow("12.5")
        let transaction = try await payer.send(amount, to: payee.newAddress(), through: chain)

        // Every input: the key's hash is the program, the signature covers the spent output.
        let coinbase = try #require(await chain.blocks[1].transactions.first)
        let hash = SignatureHash(transaction: transaction, spentOutputs: [coinbase.outputs[0]], domain: SignatureDomain(genesisHash: network.genesisHash, rulesRoot: .zero))
        let witness = try #require(transaction.witnesses.first)
        let (publicKey, signature) = try #require(witness.keyAndSignature)
        #expect(LockProgram(publicKey: publicKey) == coinbase.outputs[0].program)
        #expect(publicKey.isValid(signature: signature, for: hash.digest(input: 0)))

        // Own change counts at once, the payee waits for a block.
        let fee = try #require(Amount.sum(transaction.outputs.map(\.value)).flatMap { try? flow("50").subtracting($0) })
        #expect(try await payer.balance.trusted == flow("37.5").subtracting(fee))
        await payee.observe(transaction)
        #expect(try await payee.balance.untrustedPending == amount)
        #expect(try await payee.balance.trusted == .zero)
        await chain.mine(to: stranger)
        try await payer.synchronise(with: chain)
        try await payee.synchronise(with: chain)
        #expect(try await payee.balance.trusted == amount)
        #expect(fee.haruki >= Int64(transaction.cost) * 10 - 200 && fee.haruki <= Int64(transaction.cost + 60) * 10)
    }

    /// A payment is signed for the rules of the next block.
    @Test func paymentsAreSignedForTheRulesOfTheNextBlock() async throws {
        let folder = try TemporaryFolder()
        let amendments: Amendments = [Amendment(height: 103, stepsPerBlock: 9)]
        let changing = WalletNetwork(genesisHash: network.genesisHash, addressPrefix: "rfl", amendments: amendments)
        let wallet = try Wallet.create(at: folder.path("w"), network: changing, passphrase: "")
        let chain = TestChain()
        for _ in 0..<2 { await chain.mine(to: try await wallet.newAddress().program) }
        for _ in 0..<99 { await chain.mine(to: stranger) }
        for (tip, rules) in [(101, Hash256.zero), (102, amendments.rulesRoot(at: 103))] as [(BlockHeight, Hash256)] {
            #expect(await chain.tipHeight() == tip)
            let payment = try await wallet.send(flow("1"), to: Address(program: stranger, prefix: "rfl"), through: chain)
            var spent: [TransactionOutput] = []
            for input in payment.inputs {
                for block in await chain.blocks {
                    spent += block.transactions.filter { $0.txid == input.outPoint.txid }.map { $0.outputs[Int(input.outPoint.index)] }
                }
            }
            let (publicKey, signature) = try #require(payment.witnesses.first?.keyAndSignature)
            for root in [Hash256.zero, amendments.rulesRoot(at: 103)] {
                let hash = SignatureHash(
                    transaction: payment, spentOutputs: spent, domain: SignatureDomain(genesisHash: network.genesisHash, rulesRoot: root))
                #expect(publicKey.isValid(signature: signature, for: hash.digest(input: 0)) == (root == rules))
            }
            await chain.mine(to: stranger)
        }
    }

    @Test func aReorganisationTakesBackWhatItConfirmed() async throws {
        let folder = try TemporaryFolder()
        let wallet = try Wallet.create(at: folder.path("w"), network: network, passphrase: "")
        let chain = TestChain()
        await chain.mine(to: try await wallet.newAddress().program)
        for _ in 0..<100 { await chain.mine(to: stranger) }
        _ = try await wallet.send(flow("1"), to: Address(program: stranger, prefix: "rfl"), through: chain)
        await chain.mine(to: try await wallet.newAddress().program)
        try await wallet.synchronise(with: chain)
        #expect(try await wallet.ledger.unconfirmed.isEmpty)
        #expect(try await wallet.balance.immature == flow("50"))
        await chain.rewind(1)
        for _ in 0..<2 { await chain.mine(to: stranger, fork: 9) }
        try await wallet.synchronise(with: chain)
        #expect(try await wallet.ledger.unconfirmed.count == 1)
        #expect(try await wallet.balance.immature == .zero)
        try await wallet.rebroadcast(through: chain)
        #expect(try await chain.pool.count == 1)
    }

    @Test func aRefusedPaymentGivesItsCoinsBack() async throws {
        let folder = try TemporaryFolder()
        let wallet = try Wallet.create(at: folder.path("w"), network: network, passphrase: "")
        let chain = TestChain()
        await chain.mine(to: try await wallet.newAddress().program)
        for _ in 0..<100 { await chain.mine(to: stranger) }
        await chain.refuse("fee too low")
        await #expect(throws: WalletError.refused("fee too low")) {
            _ = try await wallet.send(try flow("1"), to: Address(program: stranger, prefix: "rfl"), through: chain)
        }
        #expect(try await wallet.balance.trusted == flow("50"))
    }

    @Test func paymentsThatCannotBeMadeSayWhy() async throws {
        let folder = try TemporaryFolder()
        let wallet = try Wallet.create(at: folder.path("w"), network: network, passphrase: "")
        let chain = TestChain()
        await chain.mine(to: try await wallet.newAddress().program)
        for _ in 0..<100 { await chain.mine(to: stranger) }
        try await wallet.synchronise(with: chain)
        let there = try Address(program: stranger, prefix: "rfl")
        await #expect { _ = try await wallet.send(try flow("50"), to: there, through: chain) } throws: {
            if case WalletError.insufficientFunds = $0 { true } else { false }
        }
        await #expect { _ = try await wallet.send(Amount(haruki: 1), to: there, through: chain) } throws: {
            if case WalletError.amountBelowDust = $0 { true } else { false }
        }
        let elsewhere = try Address(program: stranger, prefix: "fl")
        await #expect { _ = try await wallet.send(try flow("1"), to: elsewhere, through: chain) } throws: {
            if case WalletError.notPayable = $0 { true } else { false }
        }
        let later = try Address(program: LockProgram(version: 1, bytes: [UInt8](repeating: 1, count: 32)), prefix: "rfl")
        await #expect { _ = try await wallet.send(try flow("1"), to: later, through: chain) } throws: {
            if case WalletError.notPayable = $0 { true } else { false }
        }
    }

    @Test func aPassphraseSealsTheSecretAndALockedWalletStillReceives() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("w")
        let chain = TestChain()
        let first = try Wallet.create(at: path, network: network, passphrase: "correct horse", mnemonic: words)
        await chain.mine(to: try await first.newAddress(label: "rent").program)
        for _ in 0..<100 { await chain.mine(to: stranger) }

        let wallet = try Wallet.load(from: path, network: network)
        #expect(try await wallet.isLocked)
        try await wallet.synchronise(with: chain)
        #expect(try await wallet.balance.trusted == flow("50"))
        let there = try Address(program: stranger, prefix: "rfl")
        await #expect(throws: WalletError.locked) { _ = try await wallet.send(try flow("1"), to: there, through: chain) }
        await #expect(throws: WalletError.wrongPassphrase) { try await wallet.unlock(passphrase: "wrong", for: .seconds(60)) }
        await #expect(throws: WalletError.wrongPassphrase) { _ = try await wallet.mnemonic(passphrase: "") }
        try await wallet.unlock(passphrase: "correct horse", for: .seconds(60))
        _ = try await wallet.send(flow("1"), to: there, through: chain)
        #expect(try await wallet.mnemonic(passphrase: "correct horse") == words)
        try await wallet.lock()
        #expect(try await wallet.isLocked)

        // The secret stands nowhere in the file.
        let file = try String(contentsOfFile: path, encoding: .utf8)
        #expect(!file.contains("abandon") && !file.contains(String(repeating: "00", count: 16)))
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }

    @Test func theWordsBringTheMoneyBack() async throws {
        let folder = try TemporaryFolder()
        let chain = TestChain()
        let original = try Wallet.create(at: folder.path("a"), network: network, passphrase: "x", mnemonic: words)
        // 150 addresses, so that a restored wallet must derive beyond what it had in advance.
        for index in 0..<150 {
            let address = try await original.newAddress()
            if index % 60 == 0 { await chain.mine(to: address.program) }
        }
        for _ in 0..<100 { await chain.mine(to: stranger) }
        let restored = try Wallet.create(at: folder.path("b"), network: network, passphrase: "y", mnemonic: words)
        try await restored.synchronise(with: chain)
        #expect(try await restored.balance.trusted == flow("150"))
        // Keys seen on the chain are not handed out again.
        let fresh = try await restored.newAddress()
        for block in await chain.blocks {
            #expect(!block.transactions.flatMap(\.outputs).map(\.program).contains(fresh.program))
        }
    }

    @Test func aLockedWalletRunsOutOfKeysAndSaysSo() async throws {
        let folder = try TemporaryFolder()
        _ = try Wallet.create(at: folder.path("w"), network: network, passphrase: "p")
        let wallet = try Wallet.load(from: folder.path("w"), network: network)
        var seen: Set<Address> = []
        for _ in 0..<100 { seen.insert(try await wallet.newAddress()) }
        #expect(seen.count == 100)
        await #expect(throws: WalletError.keyPoolEmpty) { _ = try await wallet.newAddress() }
        try await wallet.unlock(passphrase: "p", for: .seconds(60))
        _ = try await wallet.newAddress()
    }

    @Test func filesThatAreNotTheWalletAreRefused() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("w")
        _ = try Wallet.create(at: path, network: network, passphrase: "p")
        #expect(throws: WalletError.alreadyExists(path: path)) { _ = try Wallet.create(at: path, network: network, passphrase: "p") }
        #expect { _ = try Wallet.load(from: folder.path("missing"), network: network) } throws: {
            if case WalletError.file = $0 { true } else { false }
        }
        let other = WalletNetwork(genesisHash: Keccak256.hash([2]), addressPrefix: "tfl")
        #expect { _ = try Wallet.load(from: path, network: other) } throws: {
            if case WalletError.foreignNetwork = $0 { true } else { false }
        }
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in [0, 1, good.count / 2, good.count - 2] {
            try good.prefix(length).write(to: URL(fileURLWithPath: folder.path("cut")))
            #expect { _ = try Wallet.load(from: folder.path("cut"), network: network) } throws: {
                if case WalletError.damagedFile = $0 { true } else { false }
            }
        }
    }

    @Test func aForeignKeyInTheFileIsFoundOnUnlocking() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("w")
        _ = try Wallet.create(at: path, network: network, passphrase: "p")
        var contents = try WalletFile.read(path)
        let foreign = Ed25519.PrivateKey.generate().publicKey
        contents.keys[3] = .init(branch: .receive, index: 3, publicKey: foreign.description)
        try WalletFile.write(contents, to: path)
        let wallet = try Wallet.load(from: path, network: network)
        await #expect { try await wallet.unlock(passphrase: "p", for: .seconds(1)) } throws: {
            if case WalletError.damagedFile = $0 { true } else { false }
        }
        #expect(try await wallet.isLocked)
    }
}
