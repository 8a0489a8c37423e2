@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import Testing

/// Whoever changes anything in a header, a digest or a transaction has to train again.
@Suite struct MutationTests {
    /// All bits of the header: with the ticket left as it was, each flip breaks a rule.
    @Test(arguments: ["mature", "spaced", "amended"]) func everyHeaderBitIsProtected(name: String) throws {
        let chain = name == "mature" ? TestChain.mature : name == "spaced" ? .spaced : .amended
        let block = chain.makeBlock(chain.nextHeight > 100 ? [chain.spend(coinbaseAt: 1)] : [])
        #expect(chain.broken(block) == nil)
        for bit in 0..<(BlockHeader.encodedLength * 8) {
            var bytes = block.header.encoded
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            var mutated = block
            mutated.header = try BlockHeader(decoding: bytes)
            #expect(chain.broken(mutated) != nil, "bit \(bit)")
            // Even when the hash happens to have its work, the digests no longer belong to the header.
            if bit < BlockHeader.seedPrefixLength * 8 {
                #expect(TestChain.broken { try chain.validator.checkDigestChain(mutated) } == "bad-digest-chain", "bit \(bit)")
            }
        }
    }

    /// A block of the same header that is broken: refused, and the hash is not condemned for it.
    private func expectRefused(_ mutated: Block, like block: Block, by chain: TestChain, _ what: String) throws {
        #expect(mutated.hash == block.hash)
        do {
            try chain.check(mutated)
            Issue.record("\(what) was accepted")
        } catch let violation as BlockViolation {
            #expect(!violation.condemnsHash, "\(what): \(violation)")
        }
    }

    /// All bits behind the header: whoever flips one on the way breaks the block, and not the hash that others know it by.
    @Test func everyBitOfABodyIsProtected() throws {
        let chain = TestChain.mature
        let block = chain.makeBlock([chain.spend(coinbaseAt: 1)])
        let bytes = block.encoded
        #expect(chain.broken(try Block(decoding: bytes)) == nil)
        var decoded = 0
        for bit in BlockHeader.encodedLength * 8..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let mutated = try? Block(decoding: changed) else { continue }
            decoded += 1
            try expectRefused(mutated, like: block, by: chain, "bit \(bit)")
        }
        // Digests, amounts, programs, keys and signatures decode with any bit flipped.
        #expect(decoded >= (block.stepDigests.count * 32 + 200) * 8)
    }

    /// All bits of a payment but its proof's, in a block whose root and training are made anew: the signature covers them.
    @Test func everyBitOfAPaymentIsSigned() throws {
        let chain = TestChain.mature
        let good = chain.spend(coinbaseAt: 1, fee: 5_000)
        let (stripped, proof) = (good.strippedEncoding, good.encoded.dropFirst(good.strippedEncoding.count))
        #expect(chain.broken(chain.makeBlock([good])) == nil)
        var decoded = 0
        for bit in 0..<stripped.count * 8 {
            var changed = stripped
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let transaction = try? Transaction(decoding: changed + proof) else { continue }
            decoded += 1
            #expect(transaction.txid != good.txid)
            #expect(chain.broken(chain.makeBlock([transaction])) != nil, "bit \(bit)")
        }
        #expect(decoded >= 75 * 8)
    }

    /// Each field before `steps` moves the seed, and so every window of the training.
    @Test func everyFieldMovesTheWorkSeed() {
        let header = TestChain.mature.blocks[0].header
        let rules = Keccak256.hash([1])
        let edits: [(inout BlockHeader) -> Void] = [
            { $0.version += 1 }, { $0.previousHash = rules }, { $0.merkleRoot = rules }, { $0.modelRoot = rules },
            { $0.height += 1 }, { $0.time += 1 }, { $0.bits = CompactTarget(bits: 1) }, { $0.nonce += 1 },
        ]
        var seeds: Set<Hash256> = [header.workSeed(rulesRoot: rules), header.workSeed(rulesRoot: .zero)]
        for edit in edits {
            var copy = header
            edit(&copy)
            #expect(seeds.insert(copy.workSeed(rulesRoot: rules)).inserted)
        }
        #expect(seeds.count == 10)
        var result = header
        result.steps += 1
        result.deltaHash = .zero
        #expect(seeds.contains(result.workSeed(rulesRoot: rules)))
    }

    /// One flipped bit of a step digest, chained anew and with work found anew, still fails in the replay.
    @Test func flippedDigestsFailTheReplay() {
        let chain = TestChain.mature
        for (step, bit) in [(0, 0), (0, 255), (1, 128)] {
            let block = chain.mined(chain.makeBlock()) { $0[step] = RuleCase.flipped($0[step], bit: bit) }
            do {
                try chain.check(block)
                Issue.record("step \(step) bit \(bit) was accepted")
            } catch let BlockViolation.training(failed, expected, actual) {
                #expect(failed == step + 1)
                #expect(expected != actual)
            } catch {
                Issue.record("step \(step) bit \(bit): \(error)")
            }
        }
    }

    /// Training on the windows of another seed is no training for this block.
    @Test func anotherSeedFailsTheReplay() {
        let chain = TestChain.mature
        let other = chain.makeBlock { $0.header.nonce = 1_000_000 }
        let seed = chain.parameters.workSeed(of: other.header)
        let block = chain.mined(chain.makeBlock()) { digests in
            digests = digests.indices.map { TestChain.digest(workSeed: seed, step: UInt32($0 + 1)) }
        }
        #expect(chain.broken(block) == "training-digest")
    }

    /// The first corpus is part of the genesis hash, a later one of the rules' root: on another corpus the same block is worth nothing.
    @Test func anotherCorpusFails() throws {
        let chain = TestChain()
        let block = chain.makeBlock()
        let other = TestChain(parameters: chain.parameters.with(corpusRoot: Keccak256.hash([5]), length: 16_777_216))
        #expect(chain.broken(block) == nil)
        #expect(other.broken(block) == "bad-parent")
        var amended = TestChain.mature.parameters
        amended.amendments = [Amendment(height: 106, corpus: CorpusReference(length: 16_777_216, root: Keccak256.hash([5])))]
        let validator = BlockValidator(parameters: try amended.validated())
        let next = TestChain.mature.makeBlock()
        #expect(TestChain.broken { try validator.checkHeader(next.header) } == "bad-version")
        #expect(TestChain.broken { try validator.checkDigestChain(next) } == "bad-digest-chain")
    }

    @Test func bodiesSwappedOnTheWayDoNotCondemnTheHash() throws {
        let chain = TestChain.mature
        let block = chain.makeBlock()
        var digests = block
        digests.stepDigests[0] = .zero
        var fewer = block
        fewer.stepDigests.removeLast()
        var data = block
        data.transactions[0].coinbaseData = [1]
        var empty = block
        empty.transactions = []
        for mutated in [digests, fewer, data, empty] {
            try expectRefused(mutated, like: block, by: chain, "a swapped body")
        }
        #expect(BlockViolation.coinbaseSequence.condemnsHash)
        #expect(BlockViolation.training(step: 1, expected: .zero, actual: .zero).condemnsHash)
    }

    /// All bits of a witness, and its shape: the Merkle root commits to it, and with a new root the rules refuse it.
    @Test func everyBitOfAWitnessIsProtected() throws {
        let chain = TestChain.mature
        let good = chain.spend(coinbaseAt: 1)
        let block = chain.makeBlock([good])
        let (stripped, proof) = (good.strippedEncoding, good.encoded.dropFirst(good.strippedEncoding.count))
        #expect(proof.count == 1 + Witness.keyWitnessLength)
        var decoded = 0
        for bit in 0..<(proof.count * 8) {
            var bytes = Array(proof)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let changed = try? Transaction(decoding: stripped + bytes) else { continue }
            decoded += 1
            #expect(changed.txid == good.txid && changed.witnessHash != good.witnessHash)
            var swapped = block
            swapped.transactions[1] = changed
            #expect(chain.broken(swapped) == "bad-merkle-root", "bit \(bit)")
            let alone = TestChain.broken {
                _ = try TransactionRules.check(
                    changed, coins: chain.coins, context: chain.context, domain: chain.validator.signatureDomain(at: chain.nextHeight))
            }
            #expect(["tx-signature", "tx-witness-program", "tx-witness-form", "tx-witness-count"].contains(alone), "bit \(bit): \(alone ?? "valid")")
        }
        // Key and signature decode with any bit flipped; counts and lengths mostly not.
        #expect(decoded >= 96 * 8)
    }

    /// Of a program without meaning the id covers everything; the witness is nobody's yet, but the block commits to it.
    @Test func aWitnessWithoutMeaningIsCommittedTo() throws {
        let chain = TestChain.mature
        let output = TransactionOutput(value: Amount(haruki: 5_000), program: LockProgram(version: 3, bytes: [1, 2, 3]))
        var coins = chain.coins
        let outPoint = OutPoint(txid: Keccak256.hash([8]), index: 0)
        let coin = Coin(output: output, height: 3, isCoinbase: false)
        coins.apply(CoinChanges(spent: [], created: [CoinChanges.Creation(outPoint: outPoint, coin: coin)]))
        let transaction = Transaction(
            inputs: [TransactionInput(outPoint: outPoint)], outputs: [TransactionOutput(value: Amount(haruki: 1), program: TestChain.program)],
            witnesses: [Witness(items: [[1, 2], []])])
        let block = chain.makeBlock([transaction])
        #expect(chain.broken(block, coins: coins) == nil)
        for items in [[], [[1, 2]], [[1, 2], [], []], [[1], [2]], [[1, 2], [0]]] as [[[UInt8]]] {
            var swapped = block
            swapped.transactions[1].witnesses = [Witness(items: items)]
            #expect(swapped.transactions[1].txid == transaction.txid)
            #expect(chain.broken(swapped, coins: coins) == "bad-merkle-root")
            #expect(chain.broken(chain.makeBlock([swapped.transactions[1]]), coins: coins) == nil)
        }
    }
}
