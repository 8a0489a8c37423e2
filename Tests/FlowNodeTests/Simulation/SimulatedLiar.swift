@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
@testable import FlowP2P
import TestSupport

@testable import FlowNode

/// A peer that says what is not so, knowing all blocks of the honest ones.
final class SimulatedLiar {
    enum Kind: CaseIterable {
        /// A block of the same seed as an honest one, with another digest somewhere, or with fewer steps.
        case rewrites
        /// Blocks of seeds of its own, whose digests are invented.
        case invents
        /// Long branches of headers that claim more work than the honest chain.
        case claims
        /// More headers than anybody keeps.
        case floods
        /// Announces honest headers and sends no body.
        case withholds
        /// Bodies that do not belong to their headers, or that pay too much.
        case mutates
        /// Blocks without a known parent, headers in a wrong order, bytes that are no block.
        case babbles
        /// Honest blocks, late and unasked.
        case repeats
    }

    let kind: Kind
    let number: Int
    var peers: [PeerID] = []
    private var forged: [Hash256: [UInt8]] = [:]
    private var salt: UInt64 = 0

    init(kind: Kind, number: Int) {
        self.kind = kind
        self.number = number
        salt = UInt64(number) << 40
    }

    // MARK: lies

    func lie(about known: [Block], random: inout SeededGenerator, now: UInt64) -> [NetworkMessage] {
        guard let model = known.isEmpty ? nil : known[Int.random(in: max(0, known.count - 4)..<known.count, using: &random)] else { return [] }
        switch kind {
        case .rewrites:
            var block = model
            let step = Int.random(in: 0..<block.stepDigests.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: block.stepDigests[step] = fresh()
            case 1: block.stepDigests = Array(block.stepDigests.prefix(step + 1))
            default: if block.stepDigests.count < 3 { block.stepDigests.append(fresh()) } else { block.stepDigests[2] = fresh() }
            }
            block = sealed(block, changing: block.stepDigests.count - 1)
            // With blocks on top, so that it claims more than the honest one and is replayed although that one is connected.
            return offer([block] + branch(on: block, length: Int.random(in: 0..<3, using: &random)))
        case .invents:
            var block = model
            block.header.nonce = salt
            block.stepDigests = (0...Int.random(in: 0..<3, using: &random)).map { _ in fresh() }
            return offer([sealed(block, changing: block.stepDigests.count - 1)])
        case .claims: return offer(branch(on: model, length: Int.random(in: 5..<60, using: &random)))
        case .floods:
            let headers = branch(on: model, length: 120).map(\.header.encoded)
            return [.headers(headers), .headers(headers)]
        case .withholds: return [.headers([model.header.encoded]), .inv([InventoryItem(.block, model.hash)])]
        case .mutates:
            var block = model
            switch Int.random(in: 0..<3, using: &random) {
            case 0: block.stepDigests[0] = fresh()
            case 1:
                let output = block.transactions[0].outputs[0]
                block.transactions[0].outputs[0] = TransactionOutput(value: Amount(haruki: 5_000_000_001), program: output.program)
                block.header.merkleRoot = block.computedMerkleRoot
                block = sealed(block, changing: block.stepDigests.count - 1)
            default: block.transactions.append(block.transactions[0])
            }
            return [.block(block.encoded)]
        case .babbles:
            var orphan = model
            orphan.header.previousHash = fresh()
            let chain = branch(on: model, length: 3)
            return [
                .block(sealed(orphan, changing: 0).encoded), .headers(chain.reversed().map(\.header.encoded)),
                .block([UInt8](repeating: 7, count: 200)), .headers([]),
            ]
        case .repeats:
            let old = known[Int.random(in: 0..<known.count, using: &random)]
            return [.block(old.encoded), .headers([old.header.encoded])]
        }
    }

    func answer(_ message: NetworkMessage) -> [NetworkMessage] {
        guard case .getdata(let items) = message, kind != .withholds else { return [] }
        return items.compactMap { item in forged[item.hash].map { .block($0) } }
    }

    private func offer(_ blocks: [Block]) -> [NetworkMessage] {
        for block in blocks { forged[block.hash] = block.encoded }
        if forged.count > 2_000 { forged = [:] }
        let headers = blocks.map(\.header.encoded)
        // With or without being asked.
        return [.headers(headers)] + blocks.prefix(2).map { .block($0.encoded) }
    }

    private func fresh() -> Hash256 {
        salt += 1
        return Keccak256.hash(Array("\(salt)".utf8))
    }

    /// Chains the digests and hashes until the ticket wins: all the work that a forger has.
    private func sealed(_ original: Block, changing step: Int) -> Block {
        var block = original
        block.header.steps = UInt32(block.stepDigests.count)
        while true {
            block.header.deltaHash = DigestChain.end(
                modelRoot: block.header.modelRoot,
                workSeed: SimulatedWorld.parameters.workSeed(of: block.header), stepDigests: block.stepDigests)
            if block.header.meetsTarget { return block }
            block.stepDigests[step] = fresh()
        }
    }

    /// Blocks on an honest one, each on the one before.
    private func branch(on base: Block, length: Int) -> [Block] {
        var blocks: [Block] = []
        var parent = base.header
        for _ in 0..<length {
            var block = base
            block.transactions = [
                Transaction.coinbase(height: parent.height + 1, outputs: base.transactions[0].outputs, data: Array(fresh().bytes.prefix(8)))
            ]
            block.header.previousHash = parent.hash
            block.header.height = parent.height + 1
            block.header.time = parent.time + 1
            block.header.modelRoot = fresh()
            block.header.merkleRoot = block.computedMerkleRoot
            block.stepDigests = [fresh()]
            block = sealed(block, changing: 0)
            blocks.append(block)
            parent = block.header
        }
        return blocks
    }
}
