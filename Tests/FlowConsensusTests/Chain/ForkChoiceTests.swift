import FlowConsensus
import FlowCrypto
import FlowEncoding
import Testing

@Suite struct ForkChoiceTests {
    static let easy = CompactTarget(bits: 0x207f_ffff)
    static let hard = CompactTarget(bits: 0x201f_ffff)
    static let genesis = Keccak256.hash([0])

    /// A tree of headers named by numbers; a block's parent and bits are given, everything else does not matter here.
    struct Tree {
        var choice = ForkChoice(genesisHash: genesis, genesisBits: easy)

        static func hash(_ name: Int) -> Hash256 { name == 0 ? genesis : Keccak256.hash(Array("\(name)".utf8)) }

        @discardableResult
        mutating func add(_ name: Int, on parent: Int, bits: CompactTarget = easy) -> ForkChoice.Insertion {
            let header = BlockHeader(
                previousHash: Self.hash(parent), merkleRoot: .zero, modelRoot: .zero, height: 0, time: 0, bits: bits,
                nonce: 0, steps: 0, deltaHash: .zero)
            return choice.insert(header, hash: Self.hash(name))
        }

        mutating func replay(_ names: Int...) { for name in names { choice.markReplayed(Self.hash(name)) } }
        var best: Hash256 { choice.best }
    }

    private func hash(_ name: Int) -> Hash256 { Tree.hash(name) }

    @Test func claimedWorkMovesNothing() {
        var tree = Tree()
        tree.add(1, on: 0, bits: Self.hard)
        #expect(tree.best == hash(0))
        #expect(tree.choice.nextToReplay { _ in true } == hash(1))
        tree.replay(1)
        #expect(tree.best == hash(1))
        #expect(tree.choice.nextToReplay { _ in true } == nil)
    }

    @Test func firstSeenWinsTies() {
        var tree = Tree()
        tree.add(1, on: 0)
        tree.add(2, on: 0)
        tree.replay(2)
        #expect(tree.best == hash(2))
        tree.replay(1)
        #expect(tree.best == hash(2))
        tree.add(3, on: 1)
        tree.replay(3)
        #expect(tree.best == hash(3))
    }

    @Test func aRestartedNodeKeepsItsTip() {
        var tree = Tree()
        for name in [1, 2, 3] { tree.add(name, on: 0) }
        tree.replay(1, 2)
        let restored = tree.choice.restoreBest(hash(2))
        #expect(restored)
        #expect(tree.best == hash(2))
        // Not replayed, less work, unknown.
        for name in [3, 0, 9] {
            let moved = tree.choice.restoreBest(hash(name))
            #expect(!moved)
        }
        #expect(tree.best == hash(2))
    }

    @Test func workNotLengthDecides() {
        var tree = Tree()
        for name in 1...3 { tree.add(name, on: name - 1) }
        tree.replay(1, 2, 3)
        tree.add(10, on: 0, bits: Self.hard)
        #expect(tree.choice.nextToReplay { _ in true } == hash(10))
        tree.replay(10)
        #expect(tree.best == hash(10))
        let way = tree.choice.reorganisation(from: hash(3), to: hash(10))
        #expect(way == Reorganisation(fork: hash(0), disconnect: [hash(3), hash(2), hash(1)], connect: [hash(10)]))
    }

    @Test func replayGoesFromBelowAndNeedsTheParent() {
        var tree = Tree()
        for name in 1...4 { tree.add(name, on: name - 1) }
        tree.replay(3)
        #expect(tree.choice.status(of: hash(3)) == .claimed)
        for name in 1...4 {
            #expect(tree.choice.nextToReplay { _ in true } == hash(name))
            tree.replay(name)
        }
        #expect(tree.best == hash(4))
        #expect(tree.choice.ancestor(of: hash(4), at: 2) == hash(2))
        #expect(tree.choice.ancestor(of: hash(2), at: 3) == nil)
    }

    @Test func unavailableBodiesLetTheNextBranchGo() {
        var tree = Tree()
        tree.add(1, on: 0)
        tree.add(2, on: 1)
        tree.add(11, on: 0)
        #expect(tree.choice.nextToReplay { $0 != hash(1) } == hash(11))
        #expect(tree.choice.nextToReplay { _ in false } == nil)
    }

    @Test func invalidBlocksTakeTheirDescendants() {
        var tree = Tree()
        for name in 1...4 { tree.add(name, on: name - 1) }
        tree.add(20, on: 1)
        tree.add(21, on: 20)
        tree.replay(1, 2, 3, 20, 21)
        #expect(tree.best == hash(3))
        #expect(tree.choice.markInvalid(hash(2)) == [hash(2), hash(3), hash(4)])
        #expect(tree.best == hash(21))
        #expect(tree.add(5, on: 4) == .descendsFromInvalid)
        #expect(tree.choice.markInvalid(hash(2)) == [])
        #expect(tree.choice.markInvalid(hash(0)) == [])
        #expect(tree.choice.nextToReplay { _ in true } == nil)
    }

    @Test func invalidatingPicksTheFirstReplayedOfEquals() {
        var tree = Tree()
        for name in [1, 2, 3] { tree.add(name, on: 0) }
        tree.replay(3, 2, 1)
        tree.add(4, on: 1)
        tree.replay(4)
        #expect(tree.best == hash(4))
        tree.choice.markInvalid(hash(1))
        #expect(tree.best == hash(3))
    }

    @Test func deepForksAreNotReplayedByThemselves() {
        var tree = Tree()
        for name in 1...103 {
            tree.add(name, on: name - 1)
            tree.replay(name)
        }
        // Forks 101 blocks below the tip, with more work claimed.
        tree.add(1_000, on: 2, bits: CompactTarget(bits: 0x1f00_ffff))
        #expect(tree.choice.nextToReplay { _ in true } == nil)
        #expect(tree.choice.nextToReplay(maximumDepth: 101) { _ in true } == hash(1_000))
        tree.add(1_001, on: 3, bits: CompactTarget(bits: 0x1f00_ffff))
        #expect(tree.choice.nextToReplay { _ in true } == hash(1_001))
    }

    @Test func insertions() {
        var tree = Tree()
        #expect(tree.add(1, on: 0) == .added)
        #expect(tree.add(1, on: 0) == .known)
        #expect(tree.add(3, on: 2) == .unknownParent)
        #expect(tree.choice.count == 2)
        #expect(tree.choice.tips == [hash(1)])
        #expect(tree.choice.commonAncestor(hash(1), hash(9)) == nil)
        #expect(tree.choice.reorganisation(from: hash(1), to: hash(9)) == nil)
    }

    @Test func locator() {
        #expect(BlockLocator.heights(from: 0) == [0])
        #expect(BlockLocator.heights(from: 3) == [3, 2, 1, 0])
        #expect(BlockLocator.heights(from: 30) == [30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 18, 14, 6, 0])
        let longest = BlockLocator.heights(from: .max)
        #expect(longest.count <= BlockLocator.limit)
        #expect(longest.last == 0)
        let locator = BlockLocator(tipHeight: 3) { $0 == 2 ? nil : Keccak256.hash([UInt8($0)]) }
        #expect(locator.hashes == [3, 1, 0].map { Keccak256.hash([$0]) })
        #expect(try! BlockLocator(decoding: locator.encoded) == locator)
    }
}
