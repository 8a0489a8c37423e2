@testable import FlowConsensus
@testable import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

@testable import FlowWallet

private let network = WalletNetwork(genesisHash: Keccak256.hash([1]), addressPrefix: "rfl")
private let stranger = LockProgram(version: 0, bytes: [UInt8](repeating: 7, count: 20))
private let words =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

/// A wallet with one coin that has matured, and its chain.
private func funded(at path: String) async throws -> (Wallet, TestChain) {
    let wallet = try Wallet.create(at: path, network: network, passphrase: "")
    let chain = TestChain()
    await chain.mine(to: try await wallet.newAddress().program)
    for _ in 0..<100 { await chain.mine(to: stranger) }
    return (wallet, chain)
}

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
        try await payee.synchronise(with: chain)
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
        let (wallet, chain) = try await funded(at: folder.path("w"))
        _ = try await wallet.send(flow("1"), to: Address(program: stranger, prefix: "rfl"), through: chain)
        await chain.mine(to: try await wallet.newAddress().program)
        try await wallet.synchronise(with: chain)
        #expect(try await wallet.ledger.unconfirmedPayments.isEmpty)
        #expect(try await wallet.balance.immature == flow("50"))
        await chain.rewind(1)
        for _ in 0..<2 { await chain.mine(to: stranger, fork: 9, most: 0) }
        try await wallet.synchronise(with: chain)
        #expect(try await wallet.ledger.unconfirmedPayments.count == 1)
        #expect(try await wallet.balance.immature == .zero)
        #expect(await chain.pool.count == 1)
        // A node that forgot it gets it again.
        await chain.forgetPool()
        try await wallet.synchronise(with: chain)
        #expect(await wallet.ledger.unconfirmedPayments.count == 1)
        try await wallet.rebroadcast(through: chain)
        #expect(await chain.pool.count == 1)
    }

    @Test func aRestartKnowsWhatWasSpentAndWhatWaits() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("w")
        let (wallet, chain) = try await funded(at: path)
        let there = try Address(program: stranger, prefix: "rfl")
        let confirmed = try await wallet.send(flow("5"), to: there, through: chain)
        await chain.mine(to: stranger)
        let waiting = try await wallet.send(flow("7"), to: there, through: chain)
        try await wallet.synchronise(with: chain)
        let expected = await wallet.balance
        let (most, least) = (try flow("38"), try flow("37.99"))
        #expect(expected.trusted < most && expected.trusted > least)
        for round in 0..<2 {
            let again = try Wallet.load(from: path, network: network)
            try await again.synchronise(with: chain)
            #expect(await again.balance == expected, "start \(round)")
            #expect(await again.ledger.unconfirmedPayments.map(\.transaction.txid) == [waiting.txid], "start \(round)")
            #expect(await again.ledger[confirmed.txid]?.fee != nil, "start \(round)")
        }
    }

    @Test func aRefusedPaymentGivesItsCoinsBack() async throws {
        let folder = try TemporaryFolder()
        let (wallet, chain) = try await funded(at: folder.path("w"))
        await chain.refuse("fee too low")
        await #expect(throws: WalletError.refused("fee too low")) {
            _ = try await wallet.send(try flow("1"), to: Address(program: stranger, prefix: "rfl"), through: chain)
        }
        #expect(try await wallet.balance.trusted == flow("50"))
    }

    @Test func paymentsThatCannotBeMadeSayWhy() async throws {
        let folder = try TemporaryFolder()
        let (wallet, chain) = try await funded(at: folder.path("w"))
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
        let words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
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
        #expect(!file.contains("winner") && !file.contains(String(repeating: "7f", count: 16)))
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

    /// Both are paid in one block, and the second key is derived because the first was met.
    @Test func keysDerivedBecauseOfABlockAreSearchedInItAndBefore() async throws {
        let folder = try TemporaryFolder()
        let chain = TestChain()
        let original = try Wallet.create(at: folder.path("a"), network: network, passphrase: "", mnemonic: words)
        var programs: [LockProgram] = []
        for _ in 0..<2_200 { programs.append(try await original.newAddress().program) }
        // In the block before the one that pays to the key which leads there, and in that one itself.
        await chain.mine(to: programs[2_150])
        let payer = try Wallet.create(at: folder.path("payer"), network: network, passphrase: "")
        await chain.mine(to: try await payer.newAddress().program)
        for _ in 0..<100 { await chain.mine(to: stranger) }
        for index in [1_150, 900, 2_190] {
            _ = try await payer.send(flow("2"), to: Address(program: programs[index], prefix: "rfl"), through: chain)
        }
        await chain.mine(to: stranger)
        try await original.synchronise(with: chain)
        let expected = await original.balance
        #expect(expected.trusted == (try flow("56")))
        let restored = try Wallet.create(at: folder.path("b"), network: network, passphrase: "", mnemonic: words)
        try await restored.synchronise(with: chain)
        #expect(await restored.balance == expected)
        // A sealed copy that was made before has keys for the first of them only, until it is unlocked.
        let sealed = try Wallet.create(at: folder.path("c"), network: network, passphrase: "p", mnemonic: words)
        try await sealed.lock()
        try await sealed.synchronise(with: chain)
        #expect(await sealed.balance.trusted == (try flow("4")))
        try FileManager.default.copyItem(atPath: folder.path("c"), toPath: folder.path("d"))
        try await sealed.unlock(passphrase: "p", for: .seconds(60))
        try await sealed.synchronise(with: chain)
        #expect(await sealed.balance == expected)
        // So does one that was started anew in between.
        let again = try Wallet.load(from: folder.path("d"), network: network)
        try await again.synchronise(with: chain)
        #expect(await again.balance.trusted == (try flow("4")))
        try await again.unlock(passphrase: "p", for: .seconds(60))
        try await again.synchronise(with: chain)
        #expect(await again.balance == expected)
    }

    @Test func aPaymentThatTheNodeLostIsGivenUpByItsOwnerAlone() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("w")
        let (wallet, chain) = try await funded(at: path)
        let payment = try await wallet.send(flow("5"), to: Address(program: stranger, prefix: "rfl"), through: chain)
        try await wallet.synchronise(with: chain)
        await #expect(throws: WalletError.notAbandonable(payment.txid)) { try await wallet.abandon(payment.txid) }
        await chain.forgetPool()
        try await wallet.synchronise(with: chain)
        #expect(await wallet.balance.trusted < (try flow("45")))
        try await wallet.abandon(payment.txid)
        #expect(await wallet.balance.trusted == (try flow("50")))
        #expect(await wallet.ledger[payment.txid]?.state == .abandoned)
        let again = try Wallet.load(from: path, network: network)
        try await again.synchronise(with: chain)
        try await again.rebroadcast(through: chain)
        #expect(await again.balance.trusted == (try flow("50")))
        #expect(await chain.pool.isEmpty)
        await #expect(throws: WalletError.notAbandonable(.zero)) { try await again.abandon(.zero) }
        // Somebody kept it, and a block holds it after all.
        try await chain.submit(payment)
        await chain.mine(to: stranger)
        try await again.synchronise(with: chain)
        #expect(await again.ledger[payment.txid]?.block != nil)
        #expect(await again.balance.trusted < (try flow("45")))
    }

    @Test func aCoinThatIsSpentOtherwiseEndsThePaymentUntilThatIsTakenBack() async throws {
        let folder = try TemporaryFolder()
        let (chain, there) = (TestChain(), try Address(program: stranger, prefix: "rfl"))
        let wallet = try Wallet.create(at: folder.path("a"), network: network, passphrase: "", mnemonic: words)
        let copy = try Wallet.create(at: folder.path("b"), network: network, passphrase: "", mnemonic: words)
        await chain.mine(to: try await wallet.newAddress().program)
        for _ in 0..<100 { await chain.mine(to: stranger) }
        let payment = try await wallet.send(flow("5"), to: there, through: chain)
        await chain.forgetPool()
        let rival = try await copy.send(flow("9"), to: there, through: chain)
        try await wallet.synchronise(with: chain)
        #expect(await wallet.ledger[payment.txid]?.state == .conflicted, "the node holds the other one")
        #expect(await wallet.ledger[rival.txid]?.fee != nil)
        await chain.mine(to: stranger)
        try await wallet.synchronise(with: chain)
        try await wallet.rebroadcast(through: chain)
        #expect(await wallet.ledger[payment.txid]?.state == .conflicted)
        #expect(try await wallet.balance == copy.balanceAfterSynchronising(with: chain))
        await chain.rewind(1)
        await chain.forgetPool()
        try await wallet.synchronise(with: chain)
        #expect(await wallet.ledger[payment.txid]?.state == .pending)
        try await wallet.rebroadcast(through: chain)
        #expect(await chain.pool.map(\.txid) == [payment.txid])
    }

    @Test func confirmedCoinsGoBeforeUnconfirmedChange() async throws {
        let folder = try TemporaryFolder()
        let (chain, there) = (TestChain(), try Address(program: stranger, prefix: "rfl"))
        let wallet = try Wallet.create(at: folder.path("w"), network: network, passphrase: "")
        let mine = try await wallet.newAddress().program
        for _ in 0..<12 { await chain.mine(to: mine) }
        for _ in 0..<100 { await chain.mine(to: stranger) }
        var made: Set<Hash256> = []
        for _ in 0..<12 {
            let payment = try await wallet.send(flow("1"), to: there, through: chain)
            #expect(payment.inputs.allSatisfy { !made.contains($0.outPoint.txid) })
            made.insert(payment.txid)
        }
        let last = try await wallet.send(flow("1"), to: there, through: chain)
        #expect(last.inputs.allSatisfy { made.contains($0.outPoint.txid) }, "nothing else is left")
    }

    @Test func aLockedWalletRunsOutOfKeysAndSaysSo() async throws {
        let folder = try TemporaryFolder()
        _ = try Wallet.create(at: folder.path("w"), network: network, passphrase: "p")
        let wallet = try Wallet.load(from: folder.path("w"), network: network)
        var seen: Set<Address> = []
        for _ in 0..<1_200 { seen.insert(try await wallet.newAddress()) }
        #expect(seen.count == 1_200)
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
        let older = String(decoding: good, as: UTF8.self).replacingOccurrences(of: "\"version\" : 3", with: "\"version\" : 1")
        try Data(older.utf8).write(to: URL(fileURLWithPath: folder.path("older")))
        #expect { _ = try Wallet.load(from: folder.path("older"), network: network) } throws: { "\($0)".contains("version 1, expected flowcoin-wallet version 3") }
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
        let place = contents.keys[0].index(contents.keys[0].startIndex, offsetBy: 3 * 64)
        contents.keys[0].replaceSubrange(place..<contents.keys[0].index(place, offsetBy: 64), with: Hex.encode(foreign.bytes))
        try WalletFile.write(contents, to: path)
        let wallet = try Wallet.load(from: path, network: network)
        await #expect { try await wallet.unlock(passphrase: "p", for: .seconds(1)) } throws: {
            if case WalletError.damagedFile = $0 { true } else { false }
        }
        #expect(try await wallet.isLocked)
    }
}

extension Wallet {
    fileprivate func balanceAfterSynchronising(with chain: any WalletChain) async throws -> WalletBalance {
        try await synchronise(with: chain)
        return balance
    }
}
