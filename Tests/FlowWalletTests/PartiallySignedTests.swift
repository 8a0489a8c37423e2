@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

@testable import FlowWallet

@Suite struct PartiallySignedTests {
    private struct Vector: Decodable {
        struct Stage: Decodable { let comment, base64: String }
        let genesisHash: String
        let seeds: [String]
        let stages, malformed: [Stage]
        let extracted: String
    }

    private let vector: Vector
    private let domain: SignatureDomain
    private let keys: [Ed25519.PrivateKey]

    init() throws {
        vector = try Vectors.json("flow/chain-partially-signed.json", as: Vector.self)
        domain = SignatureDomain(genesisHash: try #require(Hash256(bytes: Hex.decode(vector.genesisHash))), rulesRoot: .zero)
        keys = try vector.seeds.map { try Ed25519.PrivateKey(seed: Hex.decode($0)) }
    }

    private func stage(_ comment: String) throws -> PartiallySignedTransaction {
        try PartiallySignedTransaction(base64: try #require(vector.stages.first { $0.comment == comment }).base64)
    }

    private func key(_ keys: [Ed25519.PrivateKey]) -> (LockProgram) -> Ed25519.PrivateKey? {
        { program in keys.first { LockProgram(publicKey: $0.publicKey) == program } }
    }

    @Test func everyStageIsReadAndWrittenAsItStands() throws {
        for one in vector.stages { #expect(try PartiallySignedTransaction(base64: one.base64).base64 == one.base64, "\(one.comment)") }
        for one in vector.malformed { #expect(throws: DecodingFault.self, "\(one.comment)") { try PartiallySignedTransaction(base64: one.base64) } }
    }

    /// From hand to hand as the vector went.
    @Test func eachRoleMakesTheNextStage() throws {
        let (created, updated) = (try stage("created"), try stage("updated"))
        #expect(try PartiallySignedTransaction(created.transaction) == created)
        var mine = created
        let spent = Dictionary(zip(created.transaction.inputs.map(\.outPoint), try #require(updated.spentOutputs)), uniquingKeysWith: { first, _ in first })
        let own = try #require(updated.inputs[0].origin)
        mine.update(spent: { spent[$0] }, origin: { $0 == LockProgram(publicKey: own.publicKey) ? own : nil })
        #expect(mine == updated)
        #expect(own.path == [44, 9_555, 0, 1, 5])
        var one = updated, two = updated
        let firstCount = try one.sign(domain: domain, key: key([keys[0]])), secondCount = try two.sign(domain: domain, key: key([keys[1]]))
        #expect(firstCount == 1 && secondCount == 1)
        #expect(one == (try stage("signed by one")))
        var both = try PartiallySignedTransaction.combine([one, two])
        #expect(both == (try stage("signed by both")))
        #expect(both == (try PartiallySignedTransaction.combine([two, one])))
        var half = one
        let isHalfDone = half.finalize(domain: domain), isDone = both.finalize(domain: domain)
        #expect(!isHalfDone && half.extracted == nil && isDone)
        #expect(both == (try stage("final")))
        #expect(Hex.encode(try #require(both.extracted).encoded) == vector.extracted)
        // It is what a signer that has both keys makes at once.
        let signed = SignedTransaction(created.transaction, spending: updated.inputs.map(\.spentOutput), domain: domain, keys: keys)
        #expect(signed.isComplete && signed.transaction == both.extracted)
    }

    @Test func nothingIsSignedBeforeAllSpentOutputsAreKnown() throws {
        var partial = try stage("created")
        let spent = try #require(try stage("updated").spentOutputs)
        let first = partial.transaction.inputs[0].outPoint
        partial.update(spent: { $0 == first ? spent[0] : nil })
        let count = try partial.sign(domain: domain, key: key(keys))
        #expect(count == 0)
        #expect(partial.spentOutputs == nil)
        let signed = SignedTransaction(partial.transaction, spending: partial.inputs.map(\.spentOutput), domain: domain, keys: keys)
        #expect(signed.faults.map(\.input) == [0, 1])
    }

    @Test func signaturesThatDoNotHoldAreNotMadeFinal() throws {
        var partial = try stage("signed by both")
        var other = domain
        other = SignatureDomain(genesisHash: .zero, rulesRoot: other.rulesRoot)
        let isFinal = partial.finalize(domain: other)
        #expect(!isFinal)
        #expect(partial == (try stage("signed by both")))
        // A lie about an amount makes each signature worthless.
        partial.inputs[1].spentOutput = TransactionOutput(value: Amount(haruki: 1), program: try #require(partial.inputs[1].spentOutput).program)
        let isStillFinal = partial.finalize(domain: domain)
        #expect(!isStillFinal)
    }

    @Test func whatDoesNotBelongTogetherIsNotCombined() throws {
        let updated = try stage("updated")
        #expect(throws: WalletError.self) { try PartiallySignedTransaction.combine([]) }
        var other = updated.transaction
        other.lockTime += 1
        #expect(throws: WalletError.self) { try PartiallySignedTransaction.combine([updated, PartiallySignedTransaction(other)]) }
        var lie = updated
        lie.inputs[0].spentOutput = TransactionOutput(value: Amount(haruki: 1), program: LockProgram(publicKey: keys[0].publicKey))
        #expect(throws: WalletError.self) { try PartiallySignedTransaction.combine([updated, lie]) }
        // Fields of a later version are handed on.
        let later = try stage("with fields of a later version")
        let joined = try PartiallySignedTransaction.combine([try stage("created"), later])
        #expect(joined.inputs[0].unknown == later.inputs[0].unknown && joined.outputs[0].unknown == later.outputs[0].unknown)
    }

    @Test func theAnalysisSaysWhoseTurnItIs() throws {
        let turns: [(String, PartiallySignedAnalysis.Role)] = [
            ("created", .updater), ("updated", .signer), ("signed by one", .signer), ("signed by both", .finalizer), ("final", .extractor),
        ]
        for (comment, role) in turns { #expect(PartiallySignedAnalysis(try stage(comment)).next == role, "\(comment)") }
        let updated = PartiallySignedAnalysis(try stage("updated"))
        let whole = try Transaction(decoding: Hex.decode(vector.extracted))
        #expect(updated.fee == Amount(haruki: 1_500) && updated.cost == whole.cost && updated.fault == nil)
        #expect(updated.inputs.map(\.missing) == keys.map { LockProgram(publicKey: $0.publicKey) })
        #expect(PartiallySignedAnalysis(try stage("created")).fee == nil)
        var poor = try stage("updated")
        poor.inputs[0].spentOutput = TransactionOutput(value: Amount(haruki: 1), program: LockProgram(publicKey: keys[0].publicKey))
        #expect(PartiallySignedAnalysis(poor).fault != nil)
    }

    @Test func severalAreJoinedToOne() throws {
        var random = SeededGenerator(seed: 4)
        let signed = try stage("signed by both")
        let more = Transaction(
            version: 3, inputs: [TransactionInput(outPoint: OutPoint(txid: Keccak256.hash([5]), index: 1), sequence: 9)],
            outputs: [TransactionOutput(value: Amount(haruki: 900), program: testStranger)], lockTime: 3)
        let joined = try PartiallySignedTransaction.join([signed, PartiallySignedTransaction(more)], using: &random)
        #expect(joined.transaction.inputs.count == 3 && joined.transaction.outputs.count == 3 && joined.transaction.version == 3 && joined.transaction.lockTime == 7)
        #expect(joined.inputs.allSatisfy { $0.signature == nil && $0.witness == nil })
        #expect(joined.inputs.filter { $0.spentOutput != nil }.count == 2)
        #expect(throws: WalletError.self) { try PartiallySignedTransaction.join([signed], using: &random) }
        #expect(throws: WalletError.self) { try PartiallySignedTransaction.join([signed, signed], using: &random) }
    }

    /// Whatever stands in the bytes, they are read and written back as they are, or refused.
    @Test func noByteTraps() throws {
        for one in vector.stages + vector.malformed {
            let good = try Base64.decode(one.base64)
            for length in 0..<good.count {
                let part = try? PartiallySignedTransaction(decoding: Array(good.prefix(length)))
                #expect(part == nil || one.comment == "a byte more", "\(one.comment)")
            }
            for place in good.indices {
                for value in [0, 1, 0xfd, 0xfe, 0xff, good[place] ^ 1, good[place] ^ 0x80] as [UInt8] {
                    var bytes = good
                    bytes[place] = value
                    guard var read = try? PartiallySignedTransaction(decoding: bytes) else { continue }
                    #expect(read.encoded == bytes, "\(one.comment), byte \(place)")
                    _ = PartiallySignedAnalysis(read)
                    _ = try? PartiallySignedTransaction.combine([read, read])
                    if place % 8 == 0 {
                        try read.sign(domain: domain, key: key(keys))
                        read.finalize(domain: domain)
                    }
                }
            }
        }
    }

    /// Through two wallets: one watches and pays, the other signs.
    @Test func aWatchingWalletMakesWhatAnotherSigns() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (signer, chain) = try await fundedWallet(at: folder.path("signer"), coins: 2)
        let watcher = try Wallet.createWithoutKeys(at: folder.path("watcher"), network: testNetwork, watchesOnly: true)
        for address in await signer.addresses {
            let key = try #require(await signer.holder(of: address.program)?.publicKey)
            #expect(try await watcher.watch(address, publicKey: key))
        }
        try await watcher.rescan(from: 0, with: chain)
        #expect(await watcher.watchedBalance?.trusted == (try flow("100")))
        #expect(await watcher.balance.trusted == .zero)
        var order = PaymentOrder(outputs: [TransactionOutput(value: try flow("60"), program: testStranger)])
        order.changeProgram = try await signer.newChangeAddress().program
        let mine = order
        await #expect(throws: WalletError.noPrivateKeys) { try await watcher.pay(mine, through: chain) }
        await #expect { try await watcher.fund(mine, through: chain) } throws: { if case WalletError.insufficientFunds = $0 { true } else { false } }
        order.spendsWatched = true
        var without = order
        without.changeProgram = nil
        let changeless = without
        await #expect(throws: WalletError.noChangeAddress) { try await watcher.fund(changeless, through: chain) }
        var (partial, change, fee) = try await watcher.fundPartially(order, through: chain)
        #expect(change != nil && fee > .zero && partial.spentOutputs != nil)
        let isSigned = try await watcher.process(&partial)
        #expect(!isSigned)
        let sent = partial.base64
        var received = try PartiallySignedTransaction(base64: sent)
        let isEarly = try await signer.process(&received, finalizes: false), isDone = try await signer.process(&received)
        #expect(!isEarly && isDone)
        try await chain.submit(try #require(received.extracted))
        await chain.mine(to: testStranger)
        try await watcher.synchronise(with: chain)
        try await signer.synchronise(with: chain)
        #expect(await signer.balance.trusted == (try flow("40").subtracting(fee)))
        // One that lies about a coin of the wallet is not signed.
        var lie = try PartiallySignedTransaction(base64: sent)
        lie.inputs[0].spentOutput = TransactionOutput(value: Amount(haruki: 5), program: testStranger)
        let false1 = lie
        await #expect(throws: WalletError.self) {
            var copy = false1
            _ = try await signer.process(&copy)
        }
    }
}
