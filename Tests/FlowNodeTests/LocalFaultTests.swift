import FlowConsensus
import FlowCrypto
import FlowModel
import FlowStore
import FlowTensor
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import FlowNode

/// What fails on this machine condemns nobody's blocks, cuts no peer and needs no restart.
@Suite struct LocalFaultTests {
    private static let peer = BlockTree.Announcer(rawValue: 7)

    /// A header on the genesis block, whose work nobody looks at.
    private static func header(_ parameters: ChainParameters, nonce: UInt64 = 1, steps: UInt32) -> BlockHeader {
        BlockHeader(
            previousHash: parameters.genesisHash, merkleRoot: .zero, modelRoot: parameters.genesisModelRoot, height: 1, time: 1,
            bits: parameters.powLimit, nonce: nonce, steps: steps, deltaHash: .zero)
    }

    /// A text in a folder, and parameters that train on it.
    private struct Texts {
        let folder: TemporaryFolder
        var file: String { folder.path + "/book.txt" }

        init() throws {
            folder = try TemporaryFolder()
            try String((0..<20_000).map { "line \($0) of a book\n" }.joined()).write(toFile: file, atomically: false, encoding: .utf8)
        }

        func corpus() throws -> CheckedCorpus {
            let path = folder.path
            return try CheckedCorpus { () throws(CorpusError) in try DirectoryCorpus(path: path) }
        }

        /// Changes some bytes of each piece, or changes them back; size and times stay.
        func flip() throws { try flip { _ in true } }

        /// Changes those of the bytes 300, 300 + `distance` and so on that are wanted.
        func flip(every distance: Int = 500, _ isWanted: (UInt64) -> Bool) throws {
            var times = stat()
            stat(file, &times)
            let handle = try #require(FileHandle(forUpdatingAtPath: file))
            let size = try handle.seekToEnd()
            for offset in stride(from: 300, to: size, by: distance) where isWanted(offset) {
                try handle.seek(toOffset: offset)
                let byte = try #require(try handle.read(upToCount: 1)?.first)
                try handle.seek(toOffset: offset)
                try handle.write(contentsOf: [byte ^ 1])
            }
            try handle.close()
            var stamps = [times.st_atim, times.st_mtim]
            #expect(utimensat(AT_FDCWD, file, &stamps, 0) == 0)
        }
    }

    /// Mined elsewhere with the whole text.
    private func blocks(_ count: Int, parameters: ChainParameters, corpus: any Corpus) async throws -> [Block] {
        let source = try await ChainService.open(
            store: MemoryStore(), environment: TrainingEnvironment(parameters: parameters, corpus: corpus, backend: ReferenceBackend(), pool: .single),
            clock: { 1_780_000_000 })
        _ = try await MiningLoop(chain: source).mine(count, paying: try TestKey(1).program)
        let blocks = try await source.blocks(from: 1)
        await source.stop()
        return blocks
    }

    @Test(arguments: [false, true]) func aDamagedCorpusBlamesNobody(isRestoredByCopying: Bool) async throws {
        let texts = try Texts()
        let corpus = try texts.corpus()
        // The ticket is the first step, so that most steps lie behind it.
        let parameters = try TestNetwork.parameters(stepsPerBlock: 4).with(corpusRoot: corpus.tree.root, length: corpus.length).validated()
        let whole = texts.folder.path + "/../" + UUID().uuidString
        try FileManager.default.copyItem(atPath: texts.folder.path, toPath: whole)
        defer { try? FileManager.default.removeItem(atPath: whole) }
        let honest = try await blocks(3, parameters: parameters, corpus: DirectoryCorpus(path: whole))

        let clock = TestClock()
        let node = try await ChainService.open(
            store: MemoryStore(), environment: TrainingEnvironment(parameters: parameters, corpus: corpus, backend: ReferenceBackend(), pool: .single),
            clock: { clock.now })
        #expect(try await node.submit(honest[0]) == .connected)
        try texts.flip()
        #expect(try await node.accept(headers: honest.map(\.header), from: Self.peer).new == 2)
        #expect(try await node.accept(honest[1], from: Self.peer) == nil)
        try await eventually { await node.warnings().contains("book.txt") }
        #expect(await node.warnings().contains("piece"))
        #expect(await node.entry(honest[1].hash)?.violation == nil)
        #expect(await node.tip().height == 1)
        // Nobody is blamed: the peer's block stays, and so does its claim to the branch.
        #expect(await node.read { $0.tree.body(honest[1].hash) != nil && $0.tree.condemned(honest[1].hash) == nil })
        #expect(await node.read { $0.tree.source(of: honest[1].hash) == Self.peer })

        // Tried again while it is still damaged: nothing changes.
        for _ in 0..<3 {
            clock.advance(40)
            await node.handle(.tick, now: .zero)
        }
        try await Task.sleep(for: .milliseconds(200))
        #expect(await node.tip().height == 1)
        #expect(await node.entry(honest[1].hash)?.violation == nil)

        if isRestoredByCopying {
            try FileManager.default.removeItem(atPath: texts.file)
            try FileManager.default.copyItem(atPath: whole + "/book.txt", toPath: texts.file)
        } else {
            try texts.flip()
        }
        try await eventually {
            clock.advance(60)
            await node.handle(.tick, now: .zero)
            return await node.tip().height == 2
        }
        #expect(try await node.submit(honest[2]) == .connected)
        #expect(await node.tip().hash == honest[2].hash)
        #expect(await node.warnings().isEmpty)
        await node.stop()
    }

    /// A step behind the ticket has no digest in the block: its text is checked where it is read.
    @Test func aPieceBehindTheTicketIsCheckedToo() throws {
        let texts = try Texts()
        let corpus = try texts.corpus()
        let parameters = try TestNetwork.parameters(stepsPerBlock: 4).with(corpusRoot: corpus.tree.root, length: corpus.length).validated()
        let environment = try TrainingEnvironment(parameters: parameters, corpus: corpus, backend: ReferenceBackend(), pool: .single)
        let weights = ModelState(initialising: environment.stage(at: 1).configuration, seed: parameters.training.initialisationSeed)
        let header = Self.header(parameters, steps: 1)
        let first = try Trajectory(
            environment.job(header, parent: weights), trainer: Trainer(configuration: environment.stage(at: 1).configuration, backend: ReferenceBackend())
        ).advance().digest
        let claim = TrainingClaim(header: header, parentHash: parameters.genesisHash, stepDigests: [first])
        let engine = ReplayEngine(environment: environment)
        // The first step is done; then the text is damaged.
        let finding = engine.replay(claim, parent: weights, cancel: CancellationFlag()) { try? texts.flip() }
        guard case .localFault(.corpus(let text)) = finding.outcome else {
            Issue.record("\(finding.outcome)")
            return
        }
        #expect(text.contains("book.txt") && text.contains("piece"))
        #expect(finding.known.digests.isEmpty)
        try texts.flip()
        guard case .valid(let result) = engine.replay(claim, parent: weights, cancel: CancellationFlag()).outcome,
            case .valid(let other) = ReplayEngine(environment: environment).replay(claim, parent: weights, cancel: CancellationFlag()).outcome
        else {
            Issue.record("the repaired text was not used")
            return
        }
        #expect(result.root == other.root)
    }

    /// Every hundredth right block has one step repeated; a disagreement is an alarm and no verdict.
    @Test func aCrossCheckSoundsTheAlarm() throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2)
        let clean = try TestNetwork.environment(parameters)
        let weights = ModelState(initialising: clean.stage(at: 1).configuration, seed: parameters.training.initialisationSeed)
        func claim(_ nonce: UInt64) throws -> TrainingClaim {
            let header = Self.header(parameters, nonce: nonce, steps: 1)
            let trajectory = Trajectory(
                clean.job(header, parent: weights), trainer: Trainer(configuration: clean.stage(at: 1).configuration, backend: ReferenceBackend()))
            return TrainingClaim(header: header, parentHash: parameters.genesisHash, stepDigests: [try trajectory.advance().digest])
        }
        let sound = ReplayEngine(environment: clean, crossCheckInterval: 3)
        for nonce in (1...7) as ClosedRange<UInt64> {
            let finding = sound.replay(try claim(nonce), parent: weights, cancel: CancellationFlag())
            guard case .valid = finding.outcome, finding.alarm == nil else {
                Issue.record("\(finding)")
                return
            }
        }
        // The first one and every third.
        #expect(sound.crossChecks == 3)

        // A fault in the second step of the second block, which no digest of it covers; a seed whose second step is repeated.
        let (first, step) = (SpoiledBackend(call: 0), SpoiledBackend(call: 0))
        _ = ReplayEngine(environment: try TestNetwork.environment(parameters, backend: first), crossCheckInterval: 1)
            .replay(try claim(0), parent: weights, cancel: CancellationFlag())
        _ = try Trajectory(
            clean.job(try claim(1).header, parent: weights), trainer: Trainer(configuration: clean.stage(at: 1).configuration, backend: step)
        ).advance()
        let nonce = try #require(try ((1...64) as ClosedRange<UInt64>).first { parameters.workSeed(of: try claim($0).header).bytes[0] % 2 == 1 })
        let faulty = ReplayEngine(
            environment: try TestNetwork.environment(parameters, backend: SpoiledBackend(call: first.callCount + step.callCount + 1) { $0 += 1_000 }),
            crossCheckInterval: 1)
        guard case .valid = faulty.replay(try claim(0), parent: weights, cancel: CancellationFlag()).outcome else {
            Issue.record("the first block is right")
            return
        }
        let finding = faulty.replay(try claim(nonce), parent: weights, cancel: CancellationFlag())
        guard case .valid(let result) = finding.outcome, case .backend("spoiled", 2, _, _)? = finding.alarm else {
            Issue.record("\(finding.alarm.map { "\($0)" } ?? "no alarm")")
            return
        }
        // Nobody else vouches for that step: the portable kernels' result is taken, and they go on.
        #expect(faulty.environment.trust.isDistrusted)
        guard case .valid(let right) = ReplayEngine(environment: clean).replay(try claim(nonce), parent: weights, cancel: CancellationFlag()).outcome else {
            Issue.record("the block is right")
            return
        }
        #expect(result.root == right.root)
    }

    /// Digests that another machine shares are its word against the portable kernels', an alarm; of one's own the portable kernels are believed.
    @Test(arguments: [false, true]) func aCrossCheckOfClaimedSteps(isOwn: Bool) throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2)
        let weights = ModelState(initialising: try ModelConfiguration(parameters), seed: parameters.training.initialisationSeed)
        let backend = SpoiledBackend(call: 1, isLasting: true) { $0 += 1_000 }
        let environment = try TestNetwork.environment(parameters, backend: backend)
        let header = Self.header(parameters, steps: 1)
        let digest = try Trajectory(
            environment.job(header, parent: weights), trainer: Trainer(configuration: environment.stage(at: 1).configuration, backend: backend)
        ).advance().digest
        let claim = TrainingClaim(header: header, parentHash: parameters.genesisHash, stepDigests: [digest])
        let finding = ReplayEngine(environment: environment).replay(claim, parent: weights, checksText: isOwn, cancel: CancellationFlag())
        guard case .backend("spoiled", 1, _, _)? = finding.alarm else {
            Issue.record("\(finding.alarm.map { "\($0)" } ?? "no alarm")")
            return
        }
        #expect(environment.trust.isDistrusted == isOwn)
        switch finding.outcome {
        case .valid: #expect(!isOwn)
        case .wrongDigest(step: 1, _, actual: digest): #expect(isOwn)
        default: Issue.record("\(finding.outcome)")
        }
    }

    // MARK: mining

    /// A chain that trains on a text in a folder.
    private func node(_ texts: Texts, _ parameters: ChainParameters, _ corpus: CheckedCorpus) async throws -> ChainService {
        try await ChainService.open(
            store: MemoryStore(), environment: TrainingEnvironment(parameters: parameters, corpus: corpus, backend: ReferenceBackend(), pool: .single),
            clock: { 1_780_000_000 })
    }

    /// The text is damaged or replaced under a miner: nothing false is connected, the warning says what is wrong, and once the text is whole again mining
    /// goes on by itself.
    @Test(arguments: [false, true]) func miningWaitsForItsText(isReplaced: Bool) async throws {
        let texts = try Texts()
        let corpus = try texts.corpus()
        let parameters = try TestNetwork.parameters(stepsPerBlock: 4).with(corpusRoot: corpus.tree.root, length: corpus.length).validated()
        let whole = texts.folder.path + "/../" + UUID().uuidString
        try FileManager.default.copyItem(atPath: texts.folder.path, toPath: whole)
        defer { try? FileManager.default.removeItem(atPath: whole) }
        let node = try await node(texts, parameters, corpus)
        if isReplaced {
            try FileManager.default.removeItem(atPath: texts.file)
            try String(repeating: "another book\n", count: 40_000).write(toFile: texts.file, atomically: false, encoding: .utf8)
        } else {
            try texts.flip()
        }
        let program = try TestKey(1).program
        let mining = Task { try await MiningLoop(chain: node).mine(2, paying: program) }
        try await eventually { await node.warnings().contains("book.txt") }
        if !isReplaced { #expect(await node.warnings().contains("piece")) }
        #expect(await node.tip().height == 0)
        #expect(await node.read { $0.chainTips() }.count == 1, "nothing false was handed over")
        if isReplaced {
            try FileManager.default.removeItem(atPath: texts.file)
            try FileManager.default.copyItem(atPath: whole + "/book.txt", toPath: texts.file)
        } else {
            try texts.flip()
        }
        #expect(try await mining.value.count == 2)
        #expect(await node.warnings().isEmpty)
        // Whoever has the whole text agrees.
        let other = try await ChainService.open(
            store: MemoryStore(),
            environment: TrainingEnvironment(parameters: parameters, corpus: DirectoryCorpus(path: whole), backend: ReferenceBackend(), pool: .single),
            clock: { 1_780_000_000 })
        for block in try await node.blocks(from: 1) { #expect(try await other.submit(block) == .connected) }
        await other.stop()
        await node.stop()
    }

    /// Digests of this machine agree with its replay whatever both read, so the text of the own blocks' steps is checked; also of those that were
    /// taken before a pause.
    @Test func ownDigestsOfADamagedTextAreNotApproved() throws {
        let texts = try Texts()
        let corpus = try texts.corpus()
        let parameters = try TestNetwork.parameters(stepsPerBlock: 2).with(corpusRoot: corpus.tree.root, length: corpus.length).validated()
        let environment = try TrainingEnvironment(parameters: parameters, corpus: corpus, backend: ReferenceBackend(), pool: .single)
        let stage = environment.stage(at: 1)
        let weights = ModelState(initialising: stage.configuration, seed: parameters.training.initialisationSeed)
        func header(_ nonce: UInt64) -> BlockHeader { Self.header(parameters, nonce: nonce, steps: 2) }
        /// The pieces that a step's windows touch.
        func pieces(_ header: BlockHeader, step: UInt32) -> Set<UInt64> {
            let seed = parameters.workSeed(of: header)
            let starts = (0..<UInt32(stage.configuration.batchSize)).map { stage.sampler.split.start(workSeed: seed, step: step, window: $0) }
            return Set(starts.flatMap { [$0, $0 + UInt64(stage.configuration.contextLength)] }.map { $0 / UInt64(CorpusTree.pieceLength) })
        }
        let chosen = try #require((1...64).map { header($0) }.first { !pieces($0, step: 1).isSubset(of: pieces($0, step: 2)) })
        let damaged = try #require(pieces(chosen, step: 1).subtracting(pieces(chosen, step: 2)).first)
        let flip = { try texts.flip(every: 7) { $0 / UInt64(CorpusTree.pieceLength) == damaged } }

        try flip()
        let trajectory = Trajectory(environment.job(chosen, parent: weights), trainer: Trainer(configuration: stage.configuration, backend: ReferenceBackend()))
        let claim = TrainingClaim(
            header: chosen, parentHash: parameters.genesisHash, stepDigests: [try trajectory.advance().digest, try trajectory.advance().digest])
        for isPaused in [false, true] {
            let engine = ReplayEngine(environment: environment)
            if isPaused {
                let cancel = CancellationFlag()
                guard case .preempted = engine.replay(claim, parent: weights, cancel: cancel, firstStep: { cancel.cancel() }).outcome else {
                    Issue.record("it was not paused")
                    continue
                }
            }
            let finding = engine.replay(claim, parent: weights, checksText: true, cancel: CancellationFlag())
            guard case .localFault(.corpus(let text)) = finding.outcome else {
                Issue.record("\(finding.outcome)")
                continue
            }
            #expect(text.contains("book.txt") && text.contains("piece \(damaged)") && finding.known.digests.isEmpty)
        }
        try flip()
        guard case .wrongDigest = ReplayEngine(environment: environment).replay(claim, parent: weights, checksText: true, cancel: CancellationFlag()).outcome
        else {
            Issue.record("what was computed from damaged text was believed")
            return
        }
    }

    /// A held-out loss of damaged text is published as none, and decides nothing.
    @Test func aDamagedHeldOutPartHasNoLoss() throws {
        let texts = try Texts()
        let corpus = try texts.corpus()
        let parameters = try TestNetwork.parameters(stepsPerBlock: 1).with(corpusRoot: corpus.tree.root, length: corpus.length).validated()
        let environment = try TrainingEnvironment(parameters: parameters, corpus: corpus, backend: ReferenceBackend(), pool: .single)
        let stage = environment.stage(at: 1)
        let weights = ModelState(initialising: stage.configuration, seed: parameters.training.initialisationSeed)
        let header = Self.header(parameters, steps: 1)
        let digest = try Trajectory(
            environment.job(header, parent: weights), trainer: Trainer(configuration: stage.configuration, backend: ReferenceBackend())
        ).advance().digest
        let claim = TrainingClaim(header: header, parentHash: parameters.genesisHash, stepDigests: [digest])
        let engine = ReplayEngine(environment: environment)
        var losses: [Double?] = []
        for isDamaged in [true, false] {
            try texts.flip { $0 >= stage.sampler.split.trainingLength }
            guard case .valid(let result) = engine.replay(claim, parent: weights, cancel: CancellationFlag()).outcome else {
                Issue.record("the block is right, damaged: \(isDamaged)")
                return
            }
            losses.append(result.heldOutLoss)
        }
        #expect(losses[0] == nil && losses[1] != nil)
    }

    @Test func miningGoesOnAfterDamagedWeights() async throws {
        let parameters = try TestNetwork.parameters()
        let node = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: node).mine(1, paying: try TestKey(1).program)
        await node.read { $0.model[3] += 0x1p-20 }
        let events = node.events()
        let watch = Task { await Self.warnings(events) }
        #expect(try await MiningLoop(chain: node).mine(2, paying: try TestKey(1).program).count == 2)
        try await agrees(node, parameters)
        await node.stop()
        #expect(await watch.value.contains("weights in memory"))
    }

    /// A backend that computes wrong once, in the miner's first step, or always: the block that comes of it is nobody's, and mining goes on.
    @Test(arguments: [false, true]) func miningGoesOnAfterABackendsFault(isLasting: Bool) async throws {
        let parameters = try TestNetwork.parameters()
        let counting = SpoiledBackend(call: 0)
        await (try await TestNetwork.chain(parameters, backend: counting)).stop()
        let backend = SpoiledBackend(call: counting.callCount + 1, isLasting: isLasting) { $0 += 1_000 }
        let node = try await TestNetwork.chain(parameters, backend: backend)
        let events = node.events()
        let watch = Task { await Self.warnings(events) }
        #expect(try await MiningLoop(chain: node).mine(2, paying: try TestKey(1).program).count == 2)
        #expect(await node.warnings().contains("the backend spoiled") == isLasting)
        try await agrees(node, parameters)
        await node.stop()
        #expect(await watch.value.contains("the replay of a block that this node mined"))
    }

    /// The machine's clock jumps back while a block is mined, so that its time is too far ahead.
    @Test func miningGoesOnAfterTheClockWasPutBack() async throws {
        let parameters = try TestNetwork.parameters()
        let isBack = Atomic(false)
        let node = try await ChainService.open(
            store: MemoryStore(), environment: try TestNetwork.environment(parameters),
            clock: { isBack.load(ordering: .relaxed) ? 1_779_000_000 : 1_780_000_000 })
        let events = node.events()
        let watch = Task { await Self.warnings(events) }
        let mined = try await MiningLoop(chain: node).mine(2, paying: try TestKey(1).program) { _ in isBack.store(true, ordering: .relaxed) }
        #expect(mined.count == 2)
        #expect(await node.warnings().isEmpty)
        try await agrees(node, parameters)
        await node.stop()
        let text = await watch.value
        #expect(text.contains("has to wait") && text.contains("time-too-new"))
    }

    private static func warnings(_ events: AsyncStream<NodeEvent>) async -> String {
        var all = ""
        for await event in events { if case .warning(let error) = event { all += "\(error)\n" } }
        return all
    }

    /// A sound machine connects all that a chain holds.
    private func agrees(_ node: ChainService, _ parameters: ChainParameters) async throws {
        let sound = try await TestNetwork.chain(parameters)
        for block in try await node.blocks(from: 1) { #expect(try await sound.submit(block) == .connected) }
        #expect(await sound.tip().hash == node.tip().hash)
        await sound.stop()
    }

    /// The weights in memory change after they were checked: they are loaded again, and the block connects without a restart. A lie on them, judged before,
    /// is no reason to believe them.
    @Test(arguments: [false, true]) func damagedWeightsAreLoadedAgain(isLiedTo: Bool) async throws {
        let parameters = try TestNetwork.parameters()
        let honest = try await blocks(3, parameters: parameters, corpus: TestNetwork.corpus)
        let clock = TestClock()
        let node = try await TestNetwork.chain(parameters, clock: clock)
        for block in honest.prefix(2) { #expect(try await node.submit(block) == .connected) }
        if isLiedTo {
            var lie = honest[2]
            lie.header.nonce &+= 1
            lie.stepDigests[0] = lie.stepDigests[0].flipped
            lie.seal(parameters)
            #expect(try await node.submit(lie).rule == "training-digest")
        }
        await node.read { $0.model[3] += 0x1p-20 }
        guard case .localFault(let text) = try await node.submit(honest[2]) else {
            Issue.record("damaged weights were not found")
            return
        }
        #expect(text.contains("weights in memory"))
        try await eventually {
            clock.advance(60)
            await node.handle(.tick, now: .zero)
            return await node.tip().hash == honest[2].hash
        }
        await node.stop()
    }

    @Test func reconsiderblock() async throws {
        let parameters = try TestNetwork.parameters()
        let honest = try await blocks(1, parameters: parameters, corpus: TestNetwork.corpus)
        let node = try await TestNetwork.chain(parameters)
        var forged = honest[0]
        forged.stepDigests[0] = forged.stepDigests[0].flipped
        forged.seal(parameters)
        guard case .invalid = try await node.submit(forged) else {
            Issue.record("a forgery was believed")
            return
        }
        #expect(try await node.submit(forged).rule != nil)
        #expect(try await node.reconsider(forged.hash))
        #expect(await node.entry(forged.hash) == nil)
        // Judged again, and again it is false.
        guard case .invalid = try await node.submit(forged) else {
            Issue.record("a forgery was believed the second time")
            return
        }
        #expect(try await !node.reconsider(.zero))
        await node.stop()
    }
}
