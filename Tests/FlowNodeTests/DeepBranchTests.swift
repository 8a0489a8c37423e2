import FlowConsensus
import FlowCrypto
import FlowModel
import FlowStore
import Testing

@testable import FlowNode

/// No branch is refused for its depth, and lies about deep branches cost a step each.
@Suite struct DeepBranchTests {
    /// A chain and the engine that replays for it, driven by hand.
    private struct Driven {
        let chain: Chainstate
        let engine: ReplayEngine
        let clock = TestClock()

        init(_ parameters: ChainParameters, store: any KeyValueStoring = MemoryStore()) throws {
            let environment = try TestNetwork.environment(parameters)
            chain = Chainstate(
                loaded: try ChainLoader(store: store, environment: environment).load(), environment: environment,
                mempool: Mempool(policy: MempoolPolicy()), clock: { [clock] in clock.now })
            engine = ReplayEngine(environment: environment)
        }

        /// Replays until there is nothing to gain.
        func rest() throws {
            while let task = try chain.nextReplay() {
                try chain.finish(task, task.run(engine, cancel: CancellationFlag(), firstStep: {}))
            }
        }

        /// Headers first, then bodies as far as there is room, as a peer would send them.
        func take(_ blocks: [Block], bodies: Int = .max, from announcer: BlockTree.Announcer) throws {
            for start in stride(from: 0, to: blocks.count, by: 100) {
                _ = try chain.accept(headers: blocks[start..<min(start + 100, blocks.count)].map(\.header), from: announcer)
            }
            for block in blocks.prefix(bodies) {
                _ = try chain.accept(block, from: announcer)
                try rest()
            }
        }
    }

    private static func mined(_ count: Int, _ key: UInt8, _ parameters: ChainParameters) async throws -> [Block] {
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(count, paying: try TestKey(key).program)
        let blocks = try await source.blocks(from: 1, limit: count)
        await source.stop()
        return blocks
    }

    @Test func aNodeOnABranchOf120BlocksFollowsTheHonest150() async throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2)
        let first = try await Self.mined(120, 1, parameters)
        let honest = try await Self.mined(150, 2, parameters)
        let node = try Driven(parameters)
        try node.take(first, from: BlockTree.Announcer(rawValue: 1))
        #expect(node.chain.tree.tip.hash == first.last?.hash)
        let before = node.engine.trainedSteps
        try node.take(honest, from: BlockTree.Announcer(rawValue: 2))
        #expect(node.chain.tree.tip.hash == honest.last?.hash)
        #expect(node.chain.model.root() == node.chain.tree.tip.resultRoot)
        #expect(node.engine.trainedSteps - before == 150 * 2, "each block once")
        #expect(node.chain.tree.suspensions.isEmpty)
        // What was left is a branch that getchaintips shows.
        #expect(node.chain.tree[first[119].hash]?.isReplayed == true)
        let left = try #require(node.chain.tree[first[119].hash])
        #expect(!left.isConnected && left.height == 120)
    }

    /// A branch whose digests are invented; its first block names the weights that `original`, the right block there, starts from.
    private static func invented(_ count: Int, like original: Block, on start: BlockHeader, mark: UInt8, _ parameters: ChainParameters) -> [Block] {
        var (parent, branch) = (start, [Block]())
        for number in 0..<count {
            var block = original
            block.transactions[0] = Transaction.coinbase(
                height: parent.height + 1, outputs: block.transactions[0].outputs, data: [mark, UInt8(number)])
            block.header.previousHash = parent.hash
            block.header.merkleRoot = block.computedMerkleRoot
            if let last = branch.last { block.header.modelRoot = last.stepDigests[0] }
            block.header.height = parent.height + 1
            block.header.time = parent.time + 1
            block.stepDigests = [Keccak256.hash(parent.hash.bytes)]
            block.seal(parameters)
            branch.append(block)
            parent = block.header
        }
        return branch
    }

    /// Chains that share some blocks and then part.
    private static func parted(after shared: Int, _ counts: [Int], _ parameters: ChainParameters) async throws -> [[Block]] {
        let common = try await mined(shared, 9, parameters)
        var chains: [[Block]] = []
        for (number, count) in counts.enumerated() {
            let source = try await TestNetwork.chain(parameters)
            for block in common { #expect(try await source.submit(block) == .connected) }
            _ = try await MiningLoop(chain: source).mine(count, paying: try TestKey(UInt8(number + 1)).program)
            chains.append(try await source.blocks(from: 1, limit: shared + count))
            await source.stop()
        }
        return chains
    }

    /// The deltas below 64 are gone when the node meets a branch that leaves its chain there: the weights are made again from the first ones.
    @Test(arguments: [0, 20]) func aNodeWhoseDeltasAreGoneFollowsTheLongerBranch(shared: Int) async throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2)
        let chains = try await Self.parted(after: shared, [200 - shared, 230 - shared], parameters)
        let store = MemoryStore()
        var node = try Driven(parameters, store: store)
        try node.take(chains[0], from: BlockTree.Announcer(rawValue: 1))
        #expect(try node.chain.vault.deltaBytes(of: chains[0][40].hash) == nil)
        // Halfway it is started again.
        try node.take(chains[1], bodies: 150, from: BlockTree.Announcer(rawValue: 2))
        #expect(node.chain.tree.tip.hash == chains[0].last?.hash)
        #expect(node.chain.tree[chains[1][149].hash]?.isReplayed == true)
        node = try Driven(parameters, store: store)
        let before = node.engine.trainedSteps
        // Damaged weights do not become the tip's, and are made again without a restart.
        try node.take(chains[1], bodies: 200, from: BlockTree.Announcer(rawValue: 2))
        #expect(try node.chain.accept(chains[1][200], from: BlockTree.Announcer(rawValue: 2)) == nil)
        let task = try #require(try node.chain.nextReplay())
        let finding = task.run(node.engine, cancel: CancellationFlag(), firstStep: {})
        guard case .valid(let result) = finding.outcome else {
            Issue.record("\(finding.outcome)")
            return
        }
        result.state[3] += 0x1p-20
        try node.chain.finish(task, finding)
        #expect(node.chain.warningLines.joined().contains("another root"))
        #expect(try node.chain.nextReplay() == nil, "it is not tried again at once")
        #expect(node.chain.tree.tip.hash == chains[0].last?.hash)
        #expect(node.engine.trainedSteps - before <= 2 * (201 - 150 + shared), "what was replayed before is not replayed again")
        for _ in 0..<2 {
            node.clock.advance(60)
            node.chain.tick()
        }
        try node.rest()
        #expect(node.chain.tree.tip.hash == chains[1][200].hash)
        try node.take(chains[1], from: BlockTree.Announcer(rawValue: 2))
        #expect(node.chain.tree.tip.hash == chains[1].last?.hash && node.chain.tree.tip.height == 230)
        #expect(node.chain.model.root() == node.chain.tree.tip.resultRoot)
        #expect(node.chain.tree.suspensions.isEmpty && node.chain.remade == nil && node.chain.warningLines.isEmpty)
        // What is stored is what a node has that never saw the other branch.
        let reopened = try await ChainService.open(
            store: store, environment: try TestNetwork.environment(parameters), clock: { 1_780_000_000 })
        let direct = try await TestNetwork.chain(parameters)
        for block in chains[1] { #expect(try await direct.submit(block) == .connected) }
        try await expectSame(direct, reopened)
        _ = try await MiningLoop(chain: reopened).mine(2, paying: try TestKey(7).program)
        for block in try await reopened.blocks(from: 231) { #expect(try await direct.submit(block) == .connected) }
        try await expectSame(direct, reopened)
        await direct.stop()
        await reopened.stop()
    }

    /// What is made again for a branch that only claims to be longer takes a quarter of the time, and a false digest ends it.
    @Test func makingWeightsAgainRests() async throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2)
        let chains = try await Self.parted(after: 20, [170], parameters)
        let node = try Driven(parameters)
        try node.take(chains[0], from: BlockTree.Announcer(rawValue: 1))
        let branch = Self.invented(180, like: chains[0][20], on: chains[0][19].header, mark: 0, parameters)
        let liar = BlockTree.Announcer(rawValue: 2)
        for start in stride(from: 0, to: 180, by: 90) {
            #expect(try node.chain.accept(headers: branch[start..<start + 90].map(\.header), from: liar).new == 90)
        }
        #expect(try node.chain.accept(branch[0], from: liar) == nil)
        var remade = 0
        var isJudged = false
        while !isJudged {
            while let task = try node.chain.nextReplay() {
                let finding = task.run(node.engine, cancel: CancellationFlag(), firstStep: {})
                if task.remakes != nil {
                    node.clock.advance(10)
                    remade += 1
                } else {
                    isJudged = true
                }
                try node.chain.finish(task, finding)
            }
            if isJudged { break }
            #expect(node.chain.warningLines.joined().contains("made again"))
            node.clock.advance(29)
            node.chain.tick()
            #expect(try node.chain.nextReplay() == nil)
            node.clock.advance(1)
            node.chain.tick()
        }
        #expect(remade == 20)
        #expect(node.chain.tree.condemned(branch[0].hash)?.reason.hasPrefix("training-digest") == true)
        node.chain.tick()
        #expect(node.chain.warningLines.isEmpty)
        #expect(node.chain.tree.tip.hash == chains[0].last?.hash)
        // A second liar in a row pays for what the node does: the weights are still there.
        var before = node.engine.trainedSteps
        let second = Self.invented(180, like: chains[0][20], on: chains[0][19].header, mark: 1, parameters)
        node.clock.advance(500)
        node.chain.tick()
        try node.take(second, from: BlockTree.Announcer(rawValue: 3))
        #expect(node.chain.tree.condemned(second[0].hash)?.reason.hasPrefix("training-digest") == true)
        #expect(node.engine.trainedSteps - before <= 1)
        // Ten minutes after the last one they are forgotten.
        for seconds in [0, 599] as [UInt64] {
            node.clock.advance(seconds)
            node.chain.tick()
            #expect(node.chain.remade != nil)
        }
        node.clock.advance(1)
        node.chain.tick()
        #expect(node.chain.remade == nil)
        // Whoever waits for that makes the node go the whole way once more, with rests.
        before = node.engine.trainedSteps
        let third = Self.invented(180, like: chains[0][20], on: chains[0][19].header, mark: 2, parameters)
        try node.take(third, from: BlockTree.Announcer(rawValue: 4))
        #expect(node.engine.trainedSteps - before >= 2)
    }

    /// A machine that fails while it makes weights again: what it called false is taken back, what it made is not relied on, and it rests before it tries
    /// once more.
    @Test func faultsWhileWeightsAreMadeAgain() async throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2)
        let chain = try await Self.parted(after: 20, [170], parameters)[0]
        let node = try Driven(parameters)
        try node.take(chain.dropLast(), from: BlockTree.Announcer(rawValue: 1))
        let liar = BlockTree.Announcer(rawValue: 2)
        let lie = Self.invented(1, like: chain[189], on: chain[188].header, mark: 1, parameters)[0]
        try node.take([lie], from: liar)
        #expect(node.chain.tree.condemned(lie.hash) != nil)
        try node.take([chain[189]], from: BlockTree.Announcer(rawValue: 1))
        let branch = Self.invented(180, like: chain[20], on: chain[19].header, mark: 0, parameters)
        for start in stride(from: 0, to: 180, by: 90) { _ = try node.chain.accept(headers: branch[start..<start + 90].map(\.header), from: liar) }
        #expect(try node.chain.accept(branch[0], from: liar) == nil)
        /// The next replay on the way, with what it yields.
        func next() throws -> (Chainstate.ReplayTask, ReplayFinding) {
            let task = try #require(try node.chain.nextReplay())
            #expect(task.remakes != nil)
            return (task, task.run(node.engine, cancel: CancellationFlag(), firstStep: {}))
        }

        var (task, finding) = try next()
        let first = finding
        finding.alarm = .backend(name: "a backend", step: 1, portable: nil, accelerated: nil)
        _ = node.chain.takeEffects()
        try node.chain.finish(task, finding)
        #expect(node.chain.tree.condemned(lie.hash) == nil)
        #expect(node.chain.takeEffects().contains { if case .verdictsTakenBack = $0 { true } else { false } })
        #expect(node.chain.remade?.block == chain[0].hash)

        // Weights that the chain does not have, and a fault that says so itself.
        for isTold in [false, true] {
            (task, finding) = try next()
            #expect(task.start == nil || !isTold)
            if isTold { finding = ReplayFinding(outcome: .localFault(.environment("no memory")), known: .init()) } else { finding.outcome = first.outcome }
            try node.chain.finish(task, finding)
            #expect(node.chain.remade == nil)
            #expect(node.chain.warningLines.joined().contains(isTold ? "no memory" : "another root"))
            #expect(try node.chain.nextReplay() == nil, "it is not tried again at once")
            #expect(node.chain.tree.condemned(branch[0].hash) == nil)
            for _ in 0..<3 {
                node.clock.advance(700)
                node.chain.tick()
            }
        }
        // The machine is sound again: the branch gets its verdict.
        var isJudged = false
        while !isJudged, let task = try node.chain.nextReplay() {
            isJudged = task.remakes == nil
            try node.chain.finish(task, task.run(node.engine, cancel: CancellationFlag(), firstStep: {}))
        }
        #expect(node.chain.tree.condemned(branch[0].hash)?.reason.hasPrefix("training-digest") == true)
        #expect(node.chain.tree.tip.hash == chain[189].hash)
    }

    /// Eight peers claim branches from the genesis block that are longer than the chain, each false from its first digest on.
    @Test func falseDeepBranchesCostAStepEach() async throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2)
        let honest = try await Self.mined(110, 2, parameters)
        let node = try Driven(parameters)
        try node.take(honest, from: BlockTree.Announcer(rawValue: 1))
        let before = node.engine.trainedSteps
        for liar in 2...9 as ClosedRange<UInt64> {
            let branch = Self.invented(140, like: honest[0], on: parameters.genesisBlock.header, mark: UInt8(liar), parameters)
            try node.take(branch, from: BlockTree.Announcer(rawValue: liar))
            #expect(node.chain.tree.condemned(branch[0].hash) != nil)
        }
        try node.rest()
        #expect(node.engine.trainedSteps - before <= 8)
        #expect(node.chain.tree.tip.hash == honest.last?.hash)
    }
}
