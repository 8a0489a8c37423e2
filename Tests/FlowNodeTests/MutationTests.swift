@testable import FlowConsensus
import FlowCrypto
import FlowModel
import FlowTensor
import Testing

@testable import FlowNode

/// A block of which one bit was changed is refused with the rule's name, and the true block is still taken afterwards.
@Suite struct MutationTests {
    /// A block of a chain with a target that every second ticket misses, and a second node that has not seen it.
    private func scene() async throws -> (block: Block, judge: ChainService) {
        let parameters = try TestNetwork.parameters(powLimit: TestNetwork.half, firstPayingStep: 2)
        let miner = try await TestNetwork.chain(parameters)
        let judge = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: miner).mine(2, paying: try TestKey(1).program)
        let blocks = try await miner.blocks(from: 1)
        await miner.stop()
        #expect(try await judge.submit(blocks[0]) == .connected)
        return (blocks[1], judge)
    }

    /// Without training anew no change of a header field passes.
    @Test func everyHeaderField() async throws {
        let (block, judge) = try await scene()
        let changes: [(field: String, rules: Set<String>, change: (inout BlockHeader) -> Void)] = [
            ("version", ["bad-version"], { $0.version ^= 2 }),
            ("version 0", ["bad-version"], { $0.version = 0 }),
            ("previousHash", ["hash-above-target", "orphan"], { $0.previousHash = $0.previousHash.flipped }),
            ("merkleRoot", ["hash-above-target", "bad-merkle-root"], { $0.merkleRoot = $0.merkleRoot.flipped }),
            ("modelRoot", ["hash-above-target", "bad-model-root"], { $0.modelRoot = $0.modelRoot.flipped }),
            ("height", ["hash-above-target", "bad-height", "coinbase-lock-time"], { $0.height ^= 1 }),
            ("time", ["hash-above-target", "bad-digest-chain"], { $0.time &+= 1 }),
            ("time too old", ["hash-above-target", "time-too-old"], { $0.time = 5 }),
            ("time too new", ["hash-above-target", "time-too-new"], { $0.time &+= 100_000 }),
            ("bits", ["hash-above-target", "bad-bits", "bits-invalid"], { $0.bits = CompactTarget(bits: $0.bits.bits ^ 1) }),
            ("nonce", ["hash-above-target", "bad-digest-chain"], { $0.nonce ^= 1 }),
            ("steps", ["hash-above-target", "bad-digest-count", "bad-step-count"], { $0.steps ^= 1 }),
            ("steps below the first paying", ["bad-step-count"], { $0.steps = 1 }),
            ("steps above S", ["bad-step-count"], { $0.steps = 4 }),
            ("deltaHash", ["hash-above-target", "bad-digest-chain"], { $0.deltaHash = $0.deltaHash.flipped }),
        ]
        for (field, rules, change) in changes {
            var changed = block
            change(&changed.header)
            let fate = try await judge.submit(changed)
            let rule = fate == .orphan ? "orphan" : fate.rule ?? "accepted"
            #expect(rules.contains(rule), "\(field): \(fate)")
        }
        #expect(try await judge.submit(block) == .connected)
        await judge.stop()
    }

    /// The same with the ticket drawn anew: each change is tried with nonces until the hash meets the target, so that only the
    /// binding of the training to the header can refuse it.
    @Test func everyHeaderFieldWithAHashThatMeetsTheTarget() async throws {
        let (block, judge) = try await scene()
        let changes: [(String, Set<String>, (inout BlockHeader) -> Void)] = [
            ("version", ["bad-version"], { $0.version ^= 2 }),
            ("merkleRoot", ["bad-merkle-root"], { $0.merkleRoot = $0.merkleRoot.flipped }),
            ("modelRoot", ["bad-model-root"], { $0.modelRoot = $0.modelRoot.flipped }),
            ("height", ["bad-height", "coinbase-lock-time"], { $0.height ^= 1 }),
            ("time", ["bad-digest-chain"], { $0.time &+= 1 }),
            ("nonce", ["bad-digest-chain"], { _ in }),
            ("deltaHash", ["bad-digest-chain"], { $0.deltaHash = $0.deltaHash.flipped }),
        ]
        for (field, rules, change) in changes {
            var changed = block
            change(&changed.header)
            repeat { changed.header.nonce &+= 1 } while !changed.header.meetsTarget
            let fate = try await judge.submit(changed)
            #expect(rules.contains(fate.rule ?? "accepted"), "\(field): \(fate)")
        }
        #expect(try await judge.submit(block) == .connected)
        await judge.stop()
    }

    /// A forger may make digests and the chain of their hashes as he likes; the replay finds each.
    @Test func forgedStepDigestsFailTheReplay() async throws {
        let (block, judge) = try await scene()
        for step in 0..<block.stepDigests.count {
            let forged = forge(block, judge.parameters) { $0[step] = $0[step].flipped }
            let fate = try await judge.submit(forged)
            guard case .invalid("training-digest", _, let peerCouldKnow) = fate else {
                Issue.record("step \(step + 1): \(fate)")
                continue
            }
            // Relayed after the first step: only that one tells against a peer.
            #expect(peerCouldKnow == (step == 0))
            #expect(try await judge.submit(forged) == .duplicateInvalid(rule: try #require(await judge.entry(forged.hash)?.violation)))
        }
        #expect(try await judge.submit(block) == .connected)
        await judge.stop()
    }

    /// The step digests of another seed's batches (another nonce), chained correctly.
    @Test func batchesOfAnotherSeed() async throws {
        let (block, judge) = try await scene()
        var other = block
        other.header.nonce ^= 0xffff
        let forged = forge(other, judge.parameters) { _ in }
        #expect(try await judge.submit(forged).rule == "training-digest")
        #expect(try await judge.submit(block) == .connected)
        await judge.stop()
    }

    /// A body that does not belong to its header is dropped and does not condemn the hash.
    @Test func swappedBodiesCondemnNothing() async throws {
        let (block, judge) = try await scene()
        var digests = block
        digests.stepDigests[0] = digests.stepDigests[0].flipped
        #expect(try await judge.submit(digests).rule == "bad-digest-chain")
        var fewer = block
        fewer.stepDigests.removeLast()
        #expect(try await judge.submit(fewer).rule == "bad-digest-count")
        var coinbase = block
        coinbase.transactions[0].coinbaseData = [1]
        #expect(try await judge.submit(coinbase).rule == "bad-merkle-root")
        var empty = block
        empty.transactions = []
        #expect(try await judge.submit(empty).rule == "no-transactions")
        #expect(try await judge.submit(block) == .connected)
        #expect(try await judge.submit(block) == .duplicate)
        await judge.stop()
    }

    /// A forged block ends its descendants too, also when they came first.
    @Test func descendantsOfAFalseBlockAreRefused() async throws {
        let (block, judge) = try await scene()
        let forged = forge(block, judge.parameters) { $0[1] = $0[1].flipped }
        var child = block
        child.header.previousHash = forged.hash
        child.header.height += 1
        child.header.time += 1
        child.transactions = [Transaction.coinbase(height: child.header.height, outputs: block.transactions[0].outputs)]
        child.header.merkleRoot = child.computedMerkleRoot
        child = forge(child, judge.parameters) { _ in }
        #expect(try await judge.accept(child) == .orphan)
        #expect(try await judge.submit(forged).rule == "training-digest")
        #expect(try await judge.submit(child).rule?.hasPrefix("bad-parent-invalid") == true)
        #expect(try await judge.submit(block) == .connected)
        await judge.stop()
    }

    /// Coins out of nothing: right training, false transactions.
    @Test func tooMuchReward() async throws {
        let parameters = try TestNetwork.parameters()
        let chain = try await TestNetwork.chain(parameters)
        let template = try await chain.blockTemplate()
        var block = template.block(paying: try TestKey(1).program)
        block.transactions[0].outputs = [TransactionOutput(value: Amount(haruki: 5_000_000_001), program: try TestKey(1).program)]
        block.header.merkleRoot = block.computedMerkleRoot
        block = try train(block, chain: chain, weights: await chain.modelSnapshot().weights)
        #expect(try await chain.submit(block).rule == "coinbase-value")
        await chain.stop()
    }

    /// A block may pay to a version that a later rule will give a meaning; one without a place for it may not.
    @Test func versionsOfLaterRulesStandInBlocks() async throws {
        let chain = try await TestNetwork.chain(try TestNetwork.parameters())
        for (version, length, rule) in [(17, 20, "tx-output-program"), (1, 41, "tx-output-program"), (1, 32, nil)] as [(UInt8, Int, String?)] {
            var block = try await chain.blockTemplate().block(paying: LockProgram(version: version, bytes: [UInt8](repeating: 3, count: length)))
            block = try train(block, chain: chain, weights: await chain.modelSnapshot().weights)
            let fate = try await chain.submit(block)
            #expect(fate.rule == rule && (fate == .connected) == (rule == nil), "\(fate)")
        }
        await chain.stop()
    }

    // MARK: forging

    /// Changes the digests, chains them, and draws nonces (which are not trained for) until the hash meets the target.
    private func forge(_ block: Block, _ parameters: ChainParameters, _ change: (inout [Hash256]) -> Void) -> Block {
        var forged = block
        change(&forged.stepDigests)
        forged.seal(parameters)
        return forged
    }

    private func train(_ block: Block, chain: ChainService, weights: ModelState) throws -> Block {
        let environment = chain.environment
        var block = block
        while true {
            block.header.nonce &+= 1
            let run = Trajectory(environment.job(block.header, parent: weights), trainer: StageTrainer(environment: environment).trainer(environment.stage(at: block.header.height)))
            block.stepDigests = []
            while !run.isFinished {
                let step = try run.advance()
                block.stepDigests.append(step.digest)
                block.header.steps = UInt32(step.index)
                block.header.deltaHash = step.deltaHash
                if step.isTicket, block.header.meetsTarget { return block }
            }
        }
    }
}

extension Hash256 {
    /// With the lowest bit of its first byte changed.
    var flipped: Hash256 {
        var bytes = bytes
        bytes[0] ^= 1
        return Hash256(bytes: bytes) ?? .zero
    }

    /// Another hash, of this one.
    var next: Hash256 { Keccak256.hash(bytes) }
}
