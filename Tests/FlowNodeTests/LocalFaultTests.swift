import FlowConsensus
import FlowCrypto
import FlowModel
import FlowStore
import FlowTensor
import Foundation
import TestSupport
import Testing

@testable import FlowNode

/// What fails on this machine condemns nobody's blocks, cuts no peer and needs no restart.
@Suite struct LocalFaultTests {
    private static let peer = BlockTree.Announcer(rawValue: 7)

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

        /// Changes one byte in each piece, or changes it back; size and times stay.
        func flip() throws {
            var times = stat()
            stat(file, &times)
            let handle = try #require(FileHandle(forUpdatingAtPath: file))
            let size = try handle.seekToEnd()
            for offset in stride(from: 300, to: size, by: 500) {
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
        let header = BlockHeader(
            previousHash: parameters.genesisHash, merkleRoot: .zero, modelRoot: parameters.genesisModelRoot, height: 1, time: 1,
            bits: parameters.powLimit, nonce: 1, steps: 1, deltaHash: .zero)
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
            let header = BlockHeader(
                previousHash: parameters.genesisHash, merkleRoot: .zero, modelRoot: parameters.genesisModelRoot, height: 1, time: 1,
                bits: parameters.powLimit, nonce: nonce, steps: 1, deltaHash: .zero)
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
        guard case .valid = finding.outcome, case .backend("spoiled", 2, _, _)? = finding.alarm else {
            Issue.record("\(finding.alarm.map { "\($0)" } ?? "no alarm")")
            return
        }
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
