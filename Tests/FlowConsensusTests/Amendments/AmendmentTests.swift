@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

@Suite struct AmendmentTests {
    /// One with every field.
    static let full = Amendment(
        height: 7, growth: Amendment.Growth(model: GrowthTests.growing.growth[0].model, costRatio: CostRatio(3, 2)), peakLearningRate: 500,
        corpus: CorpusReference(length: 20_000_000, root: Keccak256.hash([3])), stepsPerBlock: 6, firstPayingStep: 3,
        replayBudget: ReplayBudget(sixteenCoreSeconds: 7, twoCoreSeconds: 8))

    typealias Edit = @Sendable (inout Amendment) -> Void
    static let edits: [Edit] = [
        { $0.height += 1 }, { $0.growth = nil }, { $0.growth?.model.embeddingLength += 1 }, { $0.growth?.model.layerCount += 1 },
        { $0.growth?.model.headCount += 1 }, { $0.growth?.model.expertCount += 1 }, { $0.growth?.model.expertsPerToken += 1 },
        { $0.growth?.model.expertWidth += 1 }, { $0.growth?.model.contextLength += 1 }, { $0.growth?.model.batchSize += 1 },
        { $0.growth?.costRatio.numerator += 1 }, { $0.growth?.costRatio.denominator += 1 }, { $0.peakLearningRate = nil },
        { $0.peakLearningRate? += 1 }, { $0.corpus = nil }, { $0.corpus?.length += 1 }, { $0.corpus?.root = .zero },
        { $0.stepsPerBlock = nil }, { $0.stepsPerBlock? += 1 }, { $0.firstPayingStep = nil }, { $0.firstPayingStep? += 1 },
        { $0.replayBudget = nil }, { $0.replayBudget?.sixteenCoreSeconds += 1 }, { $0.replayBudget?.twoCoreSeconds += 1 },
    ]

    /// Every field moves root, seed and signatures, and every field survives both encodings.
    @Test func everyFieldIsBound() throws {
        let header = TestChain.mature.blocks[50].header
        var lists: [Amendments] = [[Self.full], [], [Self.full, Self.full]]
        for edit in Self.edits {
            var copy = Self.full
            edit(&copy)
            lists.append([copy])
        }
        var roots: Set<Hash256> = [], versions: Set<UInt32> = [], seeds: Set<Hash256> = [], texts: Set<Data> = [], signed: Set<Hash256> = []
        let spent = TestChain.mature.blocks[0].transactions[0].outputs
        let payment = TestChain.mature.spend(coinbaseAt: 1)
        for list in lists {
            var parameters = ChainParameters.regtest
            parameters.amendments = list
            #expect(roots.insert(list.rulesRoot(at: .max)).inserted)
            #expect(versions.insert(list.blockVersion(at: .max)).inserted)
            #expect(seeds.insert(parameters.workSeed(of: header)).inserted)
            #expect(parameters.genesisHash == ChainParameters.regtest.genesisHash)
            let domain = BlockValidator(parameters: parameters).signatureDomain(at: header.height)
            #expect(signed.insert(SignatureHash(transaction: payment, spentOutputs: spent, domain: domain).digest(input: 0)).inserted)
            let text = try JSONEncoder().encode(parameters)
            #expect(texts.insert(text).inserted)
            #expect(try JSONDecoder().decode(ChainParameters.self, from: text) == parameters)
            #expect(try Amendments(decoding: list.encoded) == list)
        }
        // A block made under one of them is refused under each other one.
        let validators = lists.map { list in
            var parameters = ChainParameters.regtest
            parameters.amendments = list
            return BlockValidator(parameters: parameters)
        }
        for (maker, list) in lists.enumerated() {
            var made = header
            made.version = list.blockVersion(at: made.height)
            for (judge, validator) in validators.enumerated() {
                let broken = TestChain.broken { try validator.checkHeader(made) }
                #expect((broken == "bad-version") == (maker != judge), "\(maker) at \(judge): \(broken ?? "valid")")
            }
        }
        #expect(Amendments([Self.full]).rulesRoot(at: 6) == .zero)
        #expect(Amendments([Self.full]).blockVersion(at: 6) == 1)
        // Without amendments nothing is written, so files from before stay as they were.
        #expect(!String(decoding: try JSONEncoder().encode(ChainParameters.regtest), as: UTF8.self).contains("amendments"))
    }

    @Test func everyBitOfTheEncodingIsBound() throws {
        let list: Amendments = [Self.full, Amendment(height: 9, stepsPerBlock: 7)]
        let (bytes, root) = (list.encoded, list.rulesRoot(at: .max))
        for bit in 0..<(bytes.count * 8) {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let other = try? Amendments(decoding: changed) else { continue }
            #expect(other.encoded == changed)
            #expect(other.rulesRoot(at: .max) != root, "bit \(bit)")
            var parameters = ChainParameters.regtest
            parameters.amendments = other
            _ = try? parameters.validated()
        }
        var unknown = Amendment(height: 9, stepsPerBlock: 7).encoded
        unknown[4] |= 64
        #expect(throws: DecodingFault.self) { try Amendment(decoding: unknown) }
    }

    @Test func bytesFromOutsideNeverTrap() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            let bytes = (0..<Int(generator.next() % 120)).map { _ in UInt8(truncatingIfNeeded: generator.next() % 3 == 0 ? generator.next() : generator.next() % 4) }
            guard let list = try? Amendments(decoding: bytes) else { continue }
            #expect(list.encoded == bytes, "seed \(seed)")
            var parameters = ChainParameters.regtest
            parameters.amendments = list
            _ = try? parameters.validated()
            for height in [0, 1, 100, .max] as [BlockHeight] {
                _ = (parameters.model(at: height), parameters.training(at: height), parameters.corpusSplit(at: height), list.blockVersion(at: height))
            }
        }
    }

    /// As many as a list may hold, each with all that it can change but growth; one more is refused.
    @Test func longListsLoad() throws {
        var parameters = ChainParameters.regtest
        parameters.amendments = Amendments((UInt32(0)..<1_024).map { (index: UInt32) -> Amendment in
            Amendment(height: 2 + 3 * index, peakLearningRate: 128 + index, stepsPerBlock: 10 + index, firstPayingStep: 1 + index % 9)
        })
        try parameters.validated()
        #expect(parameters.training(at: 1_001).stepsPerBlock == 10 + 333)
        #expect(parameters.learningRateSchedule.count == 1_025)
        parameters.amendments.list.append(Amendment(height: 100_000, stepsPerBlock: 5))
        #expect { try parameters.validated() } throws: { "\($0)".contains("at most 1024") }
    }

    // MARK: on a chain

    private static func chain(_ amendments: Amendments) throws -> TestChain {
        var parameters = TestChain.parameters
        parameters.amendments = amendments
        return TestChain(parameters: try parameters.validated())
    }

    /// Two networks are one up to the height at which their lists differ, and there each refuses the other's blocks by their headers.
    @Test func chainsPartAtTheHeight() throws {
        let amended: Amendments = [Amendment(height: 4, stepsPerBlock: 6, firstPayingStep: 3)]
        var chains = [try Self.chain([]), try Self.chain(amended), try Self.chain([Amendment(height: 4, peakLearningRate: 700)])]
        #expect(Set(chains.map(\.validator.genesisHash)).count == 1)
        for _ in 1...3 {
            let block = chains[1].makeBlock()
            for index in chains.indices { try chains[index].accept(block) }
        }
        let blocks = chains.map { $0.makeBlock() }
        for (maker, block) in blocks.enumerated() {
            for (judge, chain) in chains.enumerated() {
                #expect(chain.broken(block) == (maker == judge ? nil : "bad-version"), "\(maker) at \(judge)")
                guard maker != judge else { continue }
                // With the version that is asked for and work found anew the digests still belong to other rules.
                var forged = block
                forged.header.version = chain.parameters.amendments.blockVersion(at: 4)
                let remade = chains[maker].mined(forged, steps: 3)
                #expect(chain.broken(remade) == "bad-digest-chain", "\(maker) at \(judge)")
            }
        }
        do {
            try chains[0].check(blocks[1])
            Issue.record("accepted")
        } catch let violation as BlockViolation {
            #expect(violation.condemnsHash)
            #expect(violation.description.contains("other amendments than the 0 that this node has in force at height 4"))
        }
        // The new numbers hold from the height on.
        #expect(chains[1].broken(chains[1].makeBlock(steps: 6)) == nil)
        #expect(chains[1].broken(chains[1].makeBlock(steps: 2)) == "bad-step-count")
        #expect(chains[0].broken(chains[0].makeBlock(steps: 5)) == "bad-step-count")
        try chains[1].accept(blocks[1])
        try chains[1].accept(chains[1].makeBlock())
    }

    /// A payment made under one list is worth nothing under another, and one from before has to be signed anew.
    @Test func paymentsDoNotCross() throws {
        var plain = TestChain.mature
        var parameters = plain.parameters
        parameters.amendments = [Amendment(height: 107, peakLearningRate: 700)]
        var amended = TestChain(parameters: try parameters.validated())
        for block in plain.blocks { try amended.accept(block) }
        let before = amended.spend(coinbaseAt: 1)
        #expect(before == plain.spend(coinbaseAt: 1))
        let block = amended.makeBlock()
        try amended.accept(block)
        try plain.accept(block)
        let after = amended.spend(coinbaseAt: 1)
        #expect(after.txid == before.txid && after != before)
        #expect(plain.broken(plain.makeBlock([before])) == nil)
        #expect(plain.broken(plain.makeBlock([after])) == "tx-signature")
        #expect(amended.broken(amended.makeBlock([after])) == nil)
        #expect(amended.broken(amended.makeBlock([before])) == "tx-signature")
    }
}
