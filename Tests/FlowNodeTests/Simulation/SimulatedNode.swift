@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
@testable import FlowP2P
import FlowStore

@testable import FlowNode

/// A node without threads: the same chainstate, sync and replay engine that a real one runs, on a store that crashes.
final class SimulatedNode {
    let number: Int
    let key: TestKey
    private(set) var store: CrashingStore
    /// Nil while the node is down.
    private(set) var state: Chainstate?
    private(set) var acknowledged: Hash256?
    var lastChecked: Hash256?
    private let environment: TrainingEnvironment
    private let clock: SimulatedClock
    private var engine: ReplayEngine
    private var sync = BlockSync()
    private var actions: [BlockSync.Action] = []
    private var replay: (task: Chainstate.ReplayTask, number: Int, isPreempted: Bool, finding: ReplayFinding?)?
    private var begun: Int?
    /// Steps trained since the start, by work seed.
    private var seedSteps: [Hash256: Int] = [:]
    private var replays = 0
    private var preemptions = 0
    private var reorganisations = 0

    init(_ number: Int, world: SimulatedWorld) throws {
        self.number = number
        key = try TestKey(UInt8(number + 1))
        store = CrashingStore(seed: world.seed &* 31 &+ UInt64(number))
        environment = world.environment
        clock = world.clock
        engine = ReplayEngine(environment: world.environment)
        try start(world: world)
    }

    // MARK: life

    func start(world: SimulatedWorld) throws {
        let loaded: LoadedChain
        do { loaded = try ChainLoader(store: store, environment: environment).load() } catch {
            throw world.fail("node \(number) does not start: \(error)")
        }
        engine = ReplayEngine(environment: environment)
        sync = BlockSync()
        replay = nil
        seedSteps = [:]
        let clock = clock
        state = Chainstate(loaded: loaded, environment: environment, mempool: Mempool(), clock: { clock.unixTime })
        work()
    }

    func crash(after ending: CrashingStore.Ending) {
        store = store.reopened(after: ending)
        state = nil
        replay = nil
        actions = []
        begun = nil
    }

    // MARK: events

    func connected(_ peer: PeerID) { handle(.connected(peer)) }
    func disconnected(_ peer: PeerID) { handle(.disconnected(peer)) }
    func tick() { handle(.tick) }

    /// Everything that travels is encoded and decoded, as between processes.
    func receive(_ message: NetworkMessage, from peer: PeerID) {
        guard let decoded = try? NetworkMessage.decode(message.envelope) else { return }
        handle(.message(peer, decoded))
    }

    private func handle(_ event: BlockSync.Event) {
        guard let state, state.failure == nil else { return }
        actions += sync.handle(event, now: clock.now, chain: state)
        work()
    }

    /// Takes a block that it mined itself.
    /// - Returns: its fate where that is known at once
    func submit(_ block: Block) throws -> BlockFate? {
        defer { work() }
        return try state?.accept(block, from: .local)
    }

    /// The first step is done, and peers hear of the block; whoever connects from now on does not, until it is connected.
    func firstStepEnds(_ task: Int) {
        guard let running = replay, running.number == task, running.finding == nil, let state else { return }
        replay?.finding = train(running.task, isPreempted: running.isPreempted, state)
        work()
    }

    func replayEnds(_ task: Int) throws {
        guard let running = replay, running.number == task, let state else { return }
        replay = nil
        let finding = running.finding ?? train(running.task, isPreempted: running.isPreempted, state)
        do { try state.finish(running.task, finding) } catch { state.fail(error) }
        work()
    }

    private func train(_ task: Chainstate.ReplayTask, isPreempted: Bool, _ state: Chainstate) -> ReplayFinding {
        let cancel = CancellationFlag()
        let before = engine.trainedSteps
        // A replay that was preempted got as far as its first step.
        let finding = task.run(engine, cancel: cancel) {
            state.emit(.relayable(hash: task.hash))
            if isPreempted { cancel.cancel() }
        }
        let seed = environment.parameters.workSeed(of: task.claim.header)
        seedSteps[seed, default: 0] += engine.trainedSteps - before
        return finding
    }

    /// Does what the chain service does between events.
    private func work() {
        guard let state else { return }
        drain(state)
        if let running = replay {
            if !running.isPreempted, state.tree.shouldPreempt(replayOf: running.task.hash) {
                replay?.isPreempted = true
                preemptions += 1
            }
        } else if state.failure == nil {
            do {
                if let task = try state.nextReplay() {
                    replays += 1
                    replay = (task, replays, false, nil)
                    begun = replays
                }
            } catch {
                state.fail(error)
            }
        }
        drain(state)
        if state.failure == nil { acknowledged = state.tree.tip.hash }
    }

    private func drain(_ state: Chainstate) {
        for effect in state.takeEffects() {
            if case .event(.reorganised) = effect { reorganisations += 1 }
            actions += sync.handle(effect, chain: state)
        }
    }

    // MARK: what the world asks

    /// The most steps that one seed has cost since the start.
    var mostStepsOfASeed: Int { seedSteps.values.max() ?? 0 }

    func takeActions() -> [BlockSync.Action] {
        defer { actions = [] }
        return actions
    }

    func takeBegunReplay() -> Int? {
        defer { begun = nil }
        return begun
    }

    func takePreemptions() -> Int {
        defer { preemptions = 0 }
        return preemptions
    }

    func takeReorganisations() -> Int {
        defer { reorganisations = 0 }
        return reorganisations
    }

    func answers(to items: [InventoryItem]) -> [NetworkMessage] {
        guard let state else { return [] }
        var missing: [InventoryItem] = []
        var answers: [NetworkMessage] = []
        for item in items {
            if item.kind == .block, let bytes = try? state.blockBytes(item.hash) {
                answers.append(.block(bytes))
            } else if item.kind == .transaction, let entry = state.mempool[item.hash] {
                answers.append(.tx(entry.transaction.encoded))
            } else {
                missing.append(item)
            }
        }
        return missing.isEmpty ? answers : answers + [.notfound(missing)]
    }
}
