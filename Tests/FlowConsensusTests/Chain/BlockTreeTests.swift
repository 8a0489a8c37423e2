@testable import FlowConsensus
import FlowCrypto
import TestSupport
import Testing

/// Headers are named by numbers: each block's parent is given, and its ticket wins after a few nonces.
private struct Forest {
    static let parameters: ChainParameters = {
        var parameters = ChainParameters.regtest
        parameters.name = "test"
        parameters.powLimit = CompactTarget(bits: 0x207f_ffff)
        parameters.training.firstPayingStep = 1
        return parameters
    }()
    static let start = parameters.genesisBlock.header
    static let me = BlockTree.Announcer.local
    static func peer(_ number: UInt64) -> BlockTree.Announcer { BlockTree.Announcer(rawValue: number) }

    var tree: BlockTree
    var headers: [Int: BlockHeader] = [0: start]
    private var next = 1

    init(_ limits: BlockTree.Limits = BlockTree.Limits()) {
        tree = BlockTree(validator: BlockValidator(parameters: Self.parameters), limits: limits)
    }

    func hash(_ name: Int) -> Hash256 { headers[name]!.hash }

    static func result(_ header: BlockHeader) -> Hash256 { Keccak256.hash(header.modelRoot.bytes + header.deltaHash.bytes) }

    /// A header on another one; the tree does not hear of it.
    mutating func make(on parent: Int, time: UInt64? = nil) -> Int {
        let below = headers[parent]!
        var header = BlockHeader(
            previousHash: below.hash, merkleRoot: .zero, modelRoot: parent == 0 ? Self.parameters.genesisModelRoot : Self.result(below),
            height: below.height + 1, time: time ?? below.time + 1, bits: Self.parameters.powLimit, nonce: UInt64(next), steps: 1, deltaHash: .zero)
        var salt = UInt64(next) << 32
        repeat {
            salt += 1
            header.deltaHash = Keccak256.hash(Array("\(salt)".utf8))
        } while !header.meetsTarget
        headers[next] = header
        next += 1
        return next - 1
    }

    mutating func makeChain(_ length: Int, on parent: Int) -> [Int] {
        var names: [Int] = []
        for _ in 0..<length { names.append(make(on: names.last ?? parent)) }
        return names
    }

    @discardableResult
    mutating func announce(_ names: [Int], from announcer: BlockTree.Announcer, now: UInt64? = nil) -> BlockTree.HeaderOutcome {
        tree.accept(headers: names.map { headers[$0]! }, from: announcer, now: now ?? Self.start.time + 1_000_000)
    }

    @discardableResult
    mutating func hold(_ name: Int, from announcer: BlockTree.Announcer, size: Int = 300) -> Bool {
        tree.hold([UInt8](repeating: 0, count: size), of: hash(name), from: announcer)
    }

    mutating func replay(_ name: Int) {
        tree.replayed(hash(name), root: Self.result(headers[name]!))
        follow()
    }

    /// Performs the moves that the tree asks for.
    mutating func follow() {
        while let move = tree.nextMove {
            switch move {
            case .connect(let hash): tree.connected(hash)
            case .disconnect(let hash): tree.disconnected(hash)
            }
        }
    }
}

@Suite struct BlockTreeTests {
    private let me = Forest.me
    private let a = Forest.peer(1)
    private let b = Forest.peer(2)

    @Test func claimedWorkMovesNothing() {
        var forest = Forest()
        let names = forest.makeChain(2, on: 0)
        forest.announce(names, from: a)
        #expect(forest.tree.tip.height == 0 && forest.tree.mostWork.height == 2)
        #expect(forest.tree.nextReplay() == nil, "no body yet")
        forest.hold(names[1], from: a)
        #expect(forest.tree.nextReplay() == nil, "the body below is missing")
        forest.hold(names[0], from: a)
        #expect(forest.tree.nextReplay() == forest.hash(names[0]))
        forest.replay(names[0])
        #expect(forest.tree.tip.hash == forest.hash(names[0]))
        forest.replay(names[1])
        #expect(forest.tree.tip.hash == forest.hash(names[1]) && forest.tree.unreplayedCount == 0)
    }

    @Test func whatWasReplayedFirstWinsTies() {
        var forest = Forest()
        let (left, right) = (forest.make(on: 0), forest.make(on: 0))
        forest.announce([left], from: a)
        forest.announce([right], from: b)
        forest.replay(right)
        #expect(forest.tree.tip.hash == forest.hash(right))
        forest.replay(left)
        #expect(forest.tree.tip.hash == forest.hash(right))
        let third = forest.make(on: left)
        forest.announce([third], from: a)
        forest.replay(third)
        #expect(forest.tree.tip.hash == forest.hash(third))
        #expect(forest.tree.connectedBlock(at: 1)?.hash == forest.hash(left))
    }

    @Test func aRestartedNodeKeepsItsTip() {
        var forest = Forest()
        let names = (0..<3).map { _ in forest.make(on: 0) }
        for name in names { forest.announce([name], from: me) }
        for name in names { forest.replay(name) }
        let stored = names.map { name in
            BlockTree.Restored(
                hash: forest.hash(name), header: forest.headers[name]!, resultRoot: Forest.result(forest.headers[name]!),
                replayOrder: forest.tree[forest.hash(name)]!.replayOrder)
        }
        for name in names {
            var again = Forest()
            let isWhole = again.tree.restore(stored.shuffled(), tip: forest.hash(name))
            #expect(isWhole)
            #expect(again.tree.tip.hash == forest.hash(name) && again.tree.nextMove == nil)
        }
        var again = Forest()
        let found = again.tree.restore(Array(stored.dropFirst()), tip: forest.hash(names[0]))
        #expect(!found)
    }

    @Test func anInterruptedReorganisationGoesOn() {
        var forest = Forest()
        let (short, long) = (forest.makeChain(2, on: 0), forest.makeChain(3, on: 0))
        forest.announce(short, from: a)
        forest.announce(long, from: b)
        for name in short + long.prefix(2) { forest.replay(name) }
        #expect(forest.tree.tip.hash == forest.hash(short[1]))
        forest.tree.replayed(forest.hash(long[2]), root: Forest.result(forest.headers[long[2]]!))
        #expect(forest.tree.nextMove == .disconnect(forest.hash(short[1])))
        forest.tree.disconnected(forest.hash(short[1]))
        // The process ended here.
        let stored = (short + long).map { name in
            BlockTree.Restored(
                hash: forest.hash(name), header: forest.headers[name]!, resultRoot: Forest.result(forest.headers[name]!),
                replayOrder: forest.tree[forest.hash(name)]!.replayOrder)
        }
        var again = Forest()
        let isWhole = again.tree.restore(stored, tip: forest.hash(short[0]))
        #expect(isWhole)
        again.follow()
        #expect(again.tree.tip.hash == forest.hash(long[2]))
    }

    @Test func aCondemnedBranchIsLeftAndRemembered() {
        var forest = Forest()
        let (good, bad) = (forest.makeChain(1, on: 0), forest.makeChain(3, on: 0))
        forest.announce(good, from: a)
        forest.announce(bad, from: b)
        for name in good + bad.prefix(1) { forest.replay(name) }
        let gone = forest.tree.condemn(forest.hash(bad[1]), reason: "training-digest: step 1")
        #expect(gone == bad.dropFirst().map { forest.hash($0) })
        #expect(forest.tree.tip.hash == forest.hash(good[0]))
        #expect(forest.tree[forest.hash(bad[1])] == nil && forest.tree.unreplayedCount == 0)
        #expect(forest.announce([bad[1]], from: a).refusal == .condemned(reason: "training-digest: step 1"))
        #expect(forest.tree.condemned(forest.hash(bad[2]))?.reason.hasPrefix("bad-parent-invalid") == true)
        let child = forest.make(on: bad[2])
        guard case .condemned? = forest.announce([child], from: a).refusal else {
            Issue.record("a child of a condemned block was taken")
            return
        }
        // The user may ask for another judgement.
        let known = forest.tree.reconsider(forest.hash(bad[1]))
        #expect(known)
        #expect(forest.announce(Array(bad.dropFirst()), from: a).new == 2)
        // Blocks of the connected chain are not condemned while they are connected.
        #expect(forest.tree.condemn(forest.hash(good[0]), reason: "no").isEmpty)
    }

    @Test func refusesBrokenHeaders() {
        var forest = Forest()
        let names = forest.makeChain(3, on: 0)
        #expect(forest.announce([names[1]], from: a).refusal == .unknownParent)
        #expect(forest.announce([names[0], names[2]], from: a).refusal == .brokenChain)
        #expect(forest.tree.unreplayedCount == 1)
        var worthless = forest.headers[names[1]]!
        var salt: UInt8 = 0
        repeat {
            salt += 1
            worthless.deltaHash = Keccak256.hash([salt])
        } while worthless.meetsTarget
        guard case .violation(.hashAboveTarget)? = forest.tree.accept(headers: [worthless], from: a, now: .max).refusal else {
            Issue.record("a header without work was taken")
            return
        }
    }

    @Test func headersAheadOfTheClockWaitInTheirOrder() {
        var forest = Forest()
        let now = Forest.start.time
        let first = forest.make(on: 0, time: now + 1_000)
        let second = forest.make(on: first, time: now + 1_100)
        #expect(forest.announce([first, second], from: a, now: now).refusal == .early(due: now + 100))
        #expect(forest.announce([second], from: a, now: now).refusal == .early(due: now + 200))
        #expect(forest.tree.retryEarly(now: now + 99) == 0)
        #expect(forest.tree.retryEarly(now: now + 100) == 1)
        #expect(forest.tree.retryEarly(now: now + 200) == 1)
        #expect(forest.tree.mostWork.hash == forest.hash(second))
    }

    @Test func whatNobodyClaimsIsForgotten() {
        var forest = Forest()
        let shared = forest.makeChain(3, on: 0)
        let (left, right) = (forest.makeChain(4, on: shared[2]), forest.makeChain(5, on: shared[2]))
        forest.announce(shared + left, from: a)
        forest.announce(shared + right, from: b)
        #expect(forest.tree.unreplayedCount == 12)
        forest.hold(left[0], from: a)
        forest.tree.remove(a)
        #expect(forest.tree.unreplayedCount == 8 && forest.tree.bodyBytes == 0)
        forest.replay(shared[0])
        forest.tree.remove(b)
        #expect(forest.tree.unreplayedCount == 0 && forest.tree.count == 2 && forest.tree.tip.height == 1)
    }

    /// Twenty peers claim 4,000 headers each, all different; an honest peer's 150 stay.
    @Test func whoClaimsMostGivesWay() {
        var limits = BlockTree.Limits()
        limits.headers = 400
        limits.headersPerBranch = 100
        var forest = Forest(limits)
        let honest = forest.makeChain(15, on: 0)
        forest.announce(honest, from: a)
        for number in 10..<30 as Range<UInt64> {
            for _ in 0..<2 {
                let flood = forest.makeChain(120, on: 0)
                let outcome = forest.announce(flood, from: Forest.peer(number))
                #expect(outcome.new <= 100 && outcome.refusal == .full)
            }
            #expect(forest.tree.unreplayedCount <= 400)
            #expect(forest.tree[forest.hash(honest[14])] != nil)
        }
        #expect(forest.tree.missingBodies(of: a, limit: 16) { _ in false }.first == forest.hash(honest[0]))
    }

    @Test func bodiesAreBounded() {
        var limits = BlockTree.Limits()
        limits.bodyBytes = 10_000
        limits.bodyBytesPerPeer = 5_000
        limits.leastBodyBytes = 100
        var forest = Forest(limits)
        let (honest, flood) = (forest.makeChain(3, on: 0), forest.makeChain(30, on: 0))
        forest.announce(honest, from: a)
        forest.announce(flood, from: b)
        for name in honest { forest.hold(name, from: a, size: 500) }
        for name in flood { forest.hold(name, from: b, size: 1_000) }
        #expect(forest.tree.bodyBytes <= 10_000)
        #expect(honest.allSatisfy { forest.tree.body(forest.hash($0)) != nil })
        // The lowest of the fullest peer stay, and it is asked for the next one alone.
        #expect(forest.tree.body(forest.hash(flood[0])) != nil)
        forest.replay(flood[0])
        #expect(forest.tree.missingBodies(of: b, limit: 16) { _ in false }.isEmpty)
        // Small bodies cost their entry.
        forest.tree.remove(b)
        let many = forest.makeChain(200, on: flood[0])
        forest.announce(many, from: b)
        for name in many { forest.hold(name, from: b, size: 1) }
        #expect(forest.tree.waitingBlocks.count <= 100)
    }

    /// Eight peers claim more than the honest one; its block is replayed within a few turns, and again and again.
    @Test func everyPeersBranchHasItsTurn() {
        var forest = Forest()
        let honest = forest.makeChain(12, on: 0)
        forest.announce(honest, from: a)
        for name in honest { forest.hold(name, from: a) }
        var waits: [Int] = []
        var turnsSince = 0
        var liar: UInt64 = 100
        var liars: [Hash256: BlockTree.Announcer] = [:]
        func refill() {
            while liars.count < 8 {
                liar += 1
                let lie = forest.makeChain(30, on: 0)
                forest.announce(lie, from: Forest.peer(liar))
                forest.hold(lie[0], from: Forest.peer(liar))
                liars[forest.hash(lie[0])] = Forest.peer(liar)
            }
        }
        var replayed = 0
        while replayed < honest.count {
            refill()
            guard let next = forest.tree.nextReplay() else {
                Issue.record("nothing to replay")
                return
            }
            turnsSince += 1
            if next == forest.hash(honest[replayed]) {
                forest.replay(honest[replayed])
                waits.append(turnsSince)
                turnsSince = 0
                replayed += 1
            } else if let source = liars.removeValue(forKey: next) {
                forest.tree.condemn(next, reason: "training-digest")
                _ = forest.tree.forfeit(source)
                forest.tree.remove(source)
            }
        }
        #expect(waits.dropFirst().allSatisfy { $0 <= 4 }, "turns between two honest blocks: \(waits)")
        #expect(waits[0] <= 18)
    }

    @Test func aLiarsOtherBodiesAreForfeited() {
        var forest = Forest()
        let (lie, own, shared) = (forest.make(on: 0), forest.make(on: 0), forest.make(on: 0))
        for name in [lie, own, shared] { forest.announce([name], from: a) }
        forest.announce([shared], from: b)
        for name in [lie, own, shared] { forest.hold(name, from: a) }
        forest.tree.condemn(forest.hash(lie), reason: "training-digest")
        #expect(forest.tree.forfeit(a) == [forest.hash(own)])
        #expect(forest.tree[forest.hash(own)] == nil)
        #expect(forest.tree.body(forest.hash(shared)) != nil && forest.tree.nextReplay() == forest.hash(shared))
    }

    /// Whoever sent a block may leave while it is replayed: the result still counts.
    @Test func aReplayOutlivesItsPeer() {
        for isRight in [true, false] {
            var forest = Forest()
            let name = forest.make(on: 0)
            forest.announce([name], from: a)
            forest.hold(name, from: a)
            #expect(forest.tree.nextReplay() == forest.hash(name))
            forest.tree.remove(a)
            #expect(forest.tree.body(forest.hash(name)) != nil)
            if isRight { forest.replay(name) } else { forest.tree.condemn(forest.hash(name), reason: "training-digest") }
            forest.tree.endReplay()
            #expect(forest.tree.tip.height == (isRight ? 1 : 0) && forest.tree.unreplayedCount == 0 && forest.tree.bodyBytes == 0)
        }
        // One that was stopped and that nobody claims is forgotten.
        var forest = Forest()
        let name = forest.make(on: 0)
        forest.announce([name], from: a)
        forest.hold(name, from: a)
        _ = forest.tree.nextReplay()
        forest.tree.remove(a)
        forest.tree.endReplay()
        #expect(forest.tree.unreplayedCount == 0 && forest.tree.bodyBytes == 0)
    }

    @Test func skipsReachEveryAncestor() {
        var forest = Forest()
        let names = forest.makeChain(300, on: 0)
        forest.announce(names, from: a)
        for height in stride(from: 1, through: 300, by: 7) {
            #expect(forest.tree.ancestor(of: forest.hash(names[299]), at: BlockHeight(height))?.hash == forest.hash(names[height - 1]))
        }
        let fork = forest.makeChain(40, on: names[130])
        forest.announce(fork, from: a)
        #expect(forest.tree.commonAncestor(forest.hash(fork[39]), forest.hash(names[299]))?.hash == forest.hash(names[130]))
        #expect(forest.tree.path(from: forest.hash(names[130]), to: forest.hash(fork[39]))?.map(\.hash) == fork.map { forest.hash($0) })
        #expect(forest.tree.path(from: forest.hash(names[140]), to: forest.hash(fork[39])) == nil)
        #expect(forest.tree.headers(after: forest.tree.locator(for: b), stop: .zero, limit: 10).isEmpty)
    }

    /// Any order of events leaves a tree that agrees with what can be computed from the events alone.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func anyOrderOfEvents(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var limits = BlockTree.Limits()
        limits.headers = 40
        limits.headersPerBranch = 25
        limits.bodyBytes = 6_000
        limits.leastBodyBytes = 100
        var forest = Forest(limits)
        var valid: [Int: Bool] = [0: true]
        var replayed: Set<Hash256> = [forest.tree.genesisHash]
        for _ in 0..<400 {
            let names = forest.headers.keys.sorted()
            let announcer = Forest.peer(UInt64.random(in: 1...5, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0...2:
                let chain = forest.makeChain(Int.random(in: 1...8, using: &random), on: names.randomElement(using: &random)!)
                for name in chain { valid[name] = Int.random(in: 0..<8, using: &random) > 0 }
                forest.announce(chain, from: announcer)
            case 3: forest.announce([names.randomElement(using: &random)!], from: announcer)
            case 4: forest.tree.remove(announcer)
            case 5...6:
                for hash in forest.tree.missingBodies(of: announcer, limit: 4, isRequested: { _ in false }) {
                    _ = forest.tree.hold([UInt8](repeating: 0, count: 200), of: hash, from: announcer)
                }
            default:
                guard let hash = forest.tree.nextReplay(), let name = names.first(where: { forest.hash($0) == hash }) else { continue }
                #expect(replayed.contains(forest.headers[name]!.previousHash), "seed \(seed): the parent was never replayed")
                if valid[name]! {
                    forest.replay(name)
                    replayed.insert(hash)
                } else {
                    let source = forest.tree.source(of: hash)!
                    forest.tree.condemn(hash, reason: "training-digest")
                    _ = forest.tree.forfeit(source)
                }
            }
            #expect(forest.tree.unreplayedCount <= 40, "seed \(seed)")
            #expect(forest.tree.bodyBytes <= 6_000, "seed \(seed)")
            #expect(forest.tree.nextMove == nil, "seed \(seed)")
            let most = replayed.compactMap { forest.tree[$0]?.work }.max()!
            #expect(forest.tree.tip.work == most, "seed \(seed)")
            #expect(forest.tree.count == replayed.count + forest.tree.unreplayedCount, "seed \(seed)")
        }
        for number in 1...5 as ClosedRange<UInt64> { forest.tree.remove(Forest.peer(number)) }
        #expect(forest.tree.unreplayedCount == 0 && forest.tree.bodyBytes == 0, "seed \(seed): \(forest.tree.unreplayedCount) headers are left that nobody claims")
    }
}
