@testable import FlowConsensus
import FlowCrypto
@testable import FlowModel
@testable import FlowP2P
import FlowStore
@testable import FlowTensor
import Synchronization
import TestSupport

@testable import FlowNode

/// What happened in some simulations, so that a run can show that it tried what it says.
struct SimulationCounts: Sendable {
    var seeds = 0
    var blocks = 0
    var reorganisations = 0
    var crashes = 0
    var partitions = 0
    var liars = 0
    var lies = 0
    var replays = 0
    var preemptions = 0

    static func + (left: Self, right: Self) -> Self {
        Self(
            seeds: left.seeds + right.seeds, blocks: left.blocks + right.blocks, reorganisations: left.reorganisations + right.reorganisations,
            crashes: left.crashes + right.crashes, partitions: left.partitions + right.partitions, liars: left.liars + right.liars,
            lies: left.lies + right.lies, replays: left.replays + right.replays,
            preemptions: left.preemptions + right.preemptions)
    }
}

/// Something that must never be seen.
struct SimulationFailure: Error, CustomStringConvertible {
    let seed: UInt64
    let time: Duration
    let what: String
    var description: String {
        "seed \(seed), at \(time): \(what)\nrepeat with: FLOW_SIMULATION_SEEDS=\(seed)..<\(seed + 1) swift test -c release --filter SimulationTests"
    }
}

/// The seconds that all nodes of a world see.
final class SimulatedClock: Sendable {
    private let milliseconds = Atomic<Int64>(0)
    let start: UInt64

    init(start: UInt64) { self.start = start }

    var now: Duration {
        get { .milliseconds(milliseconds.load(ordering: .relaxed)) }
        set { milliseconds.store(newValue.components.seconds * 1000 + newValue.components.attoseconds / 1_000_000_000_000_000, ordering: .relaxed) }
    }
    var unixTime: UInt64 { start + UInt64(now.components.seconds) }
}

/// Whole nodes and liars in one process, on a virtual clock: real rules, real stores that crash, real training of a tiny model,
/// messages with latency over connections that break. Every choice comes from one seed.
final class SimulatedWorld {
    static let corpus = SyntheticCorpus(length: 100_000)

    static let parameters: ChainParameters = {
        var parameters = ChainParameters(
            name: "simulation", magic: 0x7e57_0cf1, p2pPort: 39555, rpcPort: 39556, addressPrefix: "rfl",
            model: ModelShape(
                embeddingLength: 32, layerCount: 1, headCount: 2, expertCount: 2, expertWidth: 32, contextLength: 8, batchSize: 2),
            training: TrainingParameters(
                stepsPerBlock: 3, firstPayingStep: 1, initialisationSeed: 5,
                peakLearningRate: [LearningRateStage(height: 0, units: 2_048)], warmupSteps: 4),
            powLimit: CompactTarget(bits: 0x207f_ffff), retargets: false, corpusLength: corpus.length,
            corpusRoot: (try? corpus.blockingTree().root) ?? .zero, genesisTime: 1_774_051_200, genesisMessage: "simulation", genesisModelRoot: .zero)
        if let configuration = try? ModelConfiguration(parameters) {
            parameters.genesisModelRoot = ModelState(initialising: configuration, seed: 5).root()
        }
        return parameters
    }()

    private enum Event {
        case message(NetworkMessage, link: Int, to: Int)
        case tick(Int)
        case firstStepEnds(Int, task: Int)
        case replayEnds(Int, task: Int)
        case mine(Int)
        case restart(Int)
        case reconnect(Int, Int)
        case heal
        case act(Int)
    }

    private struct Link {
        let ends: (Int, Int)
        /// Under which number each end knows the other.
        let peers: (PeerID, PeerID)
        var isUp = true
        var busyUntil: (Duration, Duration) = (.zero, .zero)
    }

    let seed: UInt64
    let clock: SimulatedClock
    let environment: TrainingEnvironment
    private(set) var random: SeededGenerator
    private(set) var counts = SimulationCounts()
    private var queue: [(at: Duration, order: UInt64, event: Event)] = []
    private var order: UInt64 = 0
    private var nodes: [SimulatedNode] = []
    private var liars: [SimulatedLiar] = []
    private var links: [Link] = []
    private var openLinks: [PeerID: Int] = [:]
    private var nextPeer: UInt64 = 1
    /// Two groups of nodes that do not hear each other.
    private var cut: Set<Int>?
    /// Blocks that were trained honestly, and the state after them.
    private(set) var honest: [Hash256: Block] = [:]
    private var coins: [Hash256: Hash256] = [:]
    private let bench: MiningBench
    private var isQuiet = false
    /// Prints what happens, to read how a seed fails.
    private let isTraced: Bool

    init(seed: UInt64, isTraced: Bool = false) throws {
        self.isTraced = isTraced
        self.seed = seed
        random = SeededGenerator(seed: seed)
        clock = SimulatedClock(start: Self.parameters.genesisTime + 1_000_000)
        environment = try TrainingEnvironment(
            parameters: Self.parameters, corpus: Self.corpus, backend: SIMDBackend(.portable), pool: .single)
        bench = MiningBench(environment: environment, nonce: seed << 32)
        counts.seeds = 1
    }

    func fail(_ what: String) -> SimulationFailure { SimulationFailure(seed: seed, time: clock.now, what: what) }

    func pick<T>(_ range: Range<T>) -> T where T: FixedWidthInteger { T.random(in: range, using: &random) }
    func chance(_ percent: Int) -> Bool { pick(0..<100) < percent }

    // MARK: a run

    /// Runs a world to its end.
    /// - Throws: `SimulationFailure`
    func run() throws -> SimulationCounts {
        for number in 0..<pick(3..<6) { nodes.append(try SimulatedNode(number, world: self)) }
        for number in 0..<pick(0..<4) {
            liars.append(SimulatedLiar(kind: SimulatedLiar.Kind.allCases[pick(0..<SimulatedLiar.Kind.allCases.count)], number: nodes.count + number))
        }
        counts.liars = liars.count
        for left in 0..<nodes.count {
            for right in 0..<left where right == left - 1 || chance(60) { connect(left, right) }
            schedule(.tick(left), after: .milliseconds(pick(1..<1_000)))
            schedule(.mine(left), after: .milliseconds(pick(100..<20_000)))
        }
        for liar in liars {
            for node in nodes where node.number == 0 || chance(70) { connect(liar.number, node.number) }
            schedule(.act(liar.number), after: .milliseconds(pick(100..<15_000)))
        }
        try go(until: .seconds(60))
        // Everything works again, and who lies falls silent.
        isQuiet = true
        if cut != nil { heal() }
        for node in nodes where node.state == nil { try start(node.number) }
        // A crash that was set before may still come.
        var crashes: Int
        repeat {
            crashes = counts.crashes
            try go(until: clock.now + .seconds(75))
        } while counts.crashes > crashes
        // Nobody mines any more: what one has, all have heard of without another block to remind them.
        let works = nodes.compactMap { $0.state?.tree.tip.work }
        guard works.count == nodes.count, works.allSatisfy({ $0 == works[0] }) else {
            let shown = nodes.compactMap { $0.state?.tree.tip }.map { "\($0.height) \($0.hash.displayHex.prefix(8))" }.joined(separator: ", ")
            throw fail("a node stays behind 75 s after everything works again, without a new block: \(shown)")
        }
        repeat {
            crashes = counts.crashes
            try mine(0)
            try go(until: clock.now + .seconds(75))
        } while counts.crashes > crashes
        let tips = nodes.compactMap { $0.state?.tree.tip }
        guard tips.count == nodes.count, tips.allSatisfy({ $0.hash == tips[0].hash }) else {
            let shown = tips.map { "\($0.height) \($0.hash.displayHex.prefix(8))" }.joined(separator: ", ")
            throw fail("the nodes do not agree 75 s after a block that all could have: \(shown)")
        }
        for node in nodes { try check(node, thoroughly: true) }
        return counts
    }

    /// Cuts all links, lets nodes mine, and links them again at any moment, before a block that is being replayed is connected too.
    /// - Throws: `SimulationFailure` where the nodes do not agree within 30 s each time
    func runCuts(_ rounds: Int) throws -> SimulationCounts {
        for number in 0..<pick(2..<4) {
            nodes.append(try SimulatedNode(number, world: self))
            schedule(.tick(number), after: .milliseconds(pick(1..<1_000)))
        }
        isQuiet = true
        for round in 0..<rounds {
            counts.partitions += 1
            isCutWhole = true
            for link in links.indices where links[link].isUp { drop(link, reconnecting: true) }
            for number in nodes.indices {
                for _ in 0..<pick(0..<4) {
                    try mine(number)
                    if chance(80) { try go(until: clock.now + .milliseconds(pick(1..<1_600))) }
                }
            }
            isCutWhole = false
            heal()
            for left in nodes.indices { for right in 0..<left { connect(left, right) } }
            if chance(50) {
                // One that was mined just before, or just after.
                try go(until: clock.now + .milliseconds(pick(1..<500)))
                try mine(pick(0..<nodes.count))
            }
            try go(until: clock.now + .seconds(30))
            let works = nodes.compactMap { $0.state?.tree.tip.work }
            guard works.allSatisfy({ $0 == works[0] }) else {
                throw fail("round \(round): the nodes do not agree 30 s after they were linked: \(nodes.compactMap { $0.state?.tree.tip.height })")
            }
        }
        return counts
    }

    private func go(until end: Duration) throws {
        while let next = queue.last, next.at <= end {
            queue.removeLast()
            clock.now = max(clock.now, next.at)
            try perform(next.event)
        }
        clock.now = max(clock.now, end)
    }

    private func schedule(_ event: Event, after delay: Duration) {
        order += 1
        let at = clock.now + delay
        var (low, high) = (0, queue.count)
        while low < high {
            let middle = (low + high) / 2
            if queue[middle].at > at { low = middle + 1 } else { high = middle }
        }
        queue.insert((at, order, event), at: low)
    }

    private func trace(_ text: @autoclosure () -> String) { if isTraced { print("\(clock.now) \(text())") } }

    private func perform(_ event: Event) throws {
        switch event {
        case .message(let message, let link, let to):
            guard links[link].isUp else { return }
            let from = links[link].ends.0 == to ? links[link].peers.1 : links[link].peers.0
            trace("to \(to) from \(links[link].ends.0 == to ? links[link].ends.1 : links[link].ends.0): \(Self.summary(message))")
            if to < nodes.count {
                try step(to) { $0.receive(message, from: from) }
            } else {
                answer(liars[to - nodes.count], message, from: from)
            }
        case .tick(let number):
            schedule(.tick(number), after: .seconds(1))
            try step(number) { $0.tick() }
            if !isQuiet { try mishap(number) }
        case .firstStepEnds(let number, let task): try step(number) { $0.firstStepEnds(task) }
        case .replayEnds(let number, let task): try step(number) { try $0.replayEnds(task) }
        case .mine(let number):
            guard !isQuiet else { return }
            schedule(.mine(number), after: .milliseconds(pick(2_000..<40_000)))
            try mine(number)
        case .restart(let number): if nodes[number].state == nil { try start(number) }
        case .reconnect(let left, let right): connect(left, right)
        case .heal: if cut != nil { heal() }
        case .act(let number):
            guard !isQuiet else { return }
            schedule(.act(number), after: .milliseconds(pick(500..<12_000)))
            act(liars[number - nodes.count])
        }
    }

    /// Lets a node do something, performs what follows from it, and looks at what it is now.
    private func step(_ number: Int, _ body: (SimulatedNode) throws -> Void) throws {
        let node = nodes[number]
        guard node.state != nil else { return }
        try body(node)
        try settle(node)
    }

    private func settle(_ node: SimulatedNode) throws {
        for action in node.takeActions() {
            switch action {
            case .misbehaved(_, _, let fault), .lied(_, let fault): trace("\(node.number) calls out: \(fault)")
            default: break
            }
            switch action {
            case .send(let message, let peer): send(message, from: node.number, to: peer)
            case .serve(let items, let peer): for message in node.answers(to: items) { send(message, from: node.number, to: peer) }
            case .lied(let peer, _): disconnect(peer, reconnecting: false)
            case .liftBansOfLiars: break
            case .misbehaved(let peer, let points, _): if points >= 100 { disconnect(peer, reconnecting: false) }
            case .disconnect(let peer, _): disconnect(peer, reconnecting: true)
            case .useful, .height, .parted: break
            }
        }
        if let begun = node.takeBegunReplay() {
            counts.replays += 1
            let time = pick(20..<1_500)
            schedule(.firstStepEnds(node.number, task: begun), after: .milliseconds(pick(10..<time)))
            schedule(.replayEnds(node.number, task: begun), after: .milliseconds(time))
        }
        counts.preemptions += node.takePreemptions()
        counts.reorganisations += node.takeReorganisations()
        if node.state?.failure != nil { return crash(node) }
        try check(node, thoroughly: false)
    }

    // MARK: what must hold

    private func check(_ node: SimulatedNode, thoroughly: Bool) throws {
        guard let state = node.state else { return }
        let tip = state.tree.tip
        // Once for what is true, and once more where its state was gone when somebody added to it.
        let limit = 2 * Int(Self.parameters.training.stepsPerBlock)
        guard node.mostStepsOfASeed <= limit else {
            throw fail("node \(node.number) trained \(node.mostStepsOfASeed) steps of one seed, more than \(limit)")
        }
        // What a node keeps as replayed, connected or not, was trained by somebody.
        if let believed = state.facts.keys.first(where: { $0 != state.tree.genesisHash && honest[$0] == nil }) {
            throw fail("node \(node.number) believes block \(believed), which nobody trained")
        }
        guard thoroughly || node.lastChecked != tip.hash else { return }
        node.lastChecked = tip.hash
        trace("\(node.number) is at \(tip.height) \(tip.hash.displayHex.prefix(8))")
        guard tip.height == 0 || honest[tip.hash] != nil else { throw fail("node \(node.number) connected block \(tip.hash), which nobody trained") }
        guard state.model.root() == tip.resultRoot else { throw fail("node \(node.number) has other weights than its tip \(tip.hash) says") }
        let statistics = try state.store.coinStatistics()
        let supply = Int64(tip.height) * 5_000_000_000
        guard statistics.total == supply else { throw fail("node \(node.number) has \(statistics.total) haruki at height \(tip.height), expected \(supply)") }
        let digest = try state.store.coinDigest()
        if let known = coins[tip.hash], known != digest { throw fail("node \(node.number) has other coins than another node with the tip \(tip.hash)") }
        coins[tip.hash] = digest
    }

    // MARK: mishaps

    private func mishap(_ number: Int) throws {
        let node = nodes[number]
        guard node.state != nil else { return }
        switch pick(0..<400) {
        case 0...3: crash(node)
        case 4...6: node.store.crash(atWrite: pick(1..<4))
        case 7...9 where cut == nil:
            counts.partitions += 1
            cut = Set((0..<nodes.count + liars.count).filter { _ in chance(50) })
            for link in links.indices where links[link].isUp && isCut(links[link].ends.0, links[link].ends.1) { drop(link, reconnecting: true) }
            schedule(.heal, after: .seconds(pick(3..<30)))
        case 10...13:
            let up = links.indices.filter { links[$0].isUp }
            if let link = up.isEmpty ? nil : up[pick(0..<up.count)] { drop(link, reconnecting: true) }
        default: break
        }
    }

    private func crash(_ node: SimulatedNode) {
        counts.crashes += 1
        trace("\(node.number) crashes")
        node.crash(after: chance(50) ? .powerCut : .processEnd)
        for link in links.indices where links[link].isUp && (links[link].ends.0 == node.number || links[link].ends.1 == node.number) {
            drop(link, reconnecting: true)
        }
        schedule(.restart(node.number), after: .milliseconds(pick(10..<5_000)))
    }

    private func start(_ number: Int) throws {
        let before = nodes[number].acknowledged
        try nodes[number].start(world: self)
        guard let state = nodes[number].state else { return }
        // The tip was synced with everything that belongs to it before anybody was told of it.
        if let before, state.tree[before] == nil { throw fail("node \(number) lost block \(before), which it had connected") }
        try settle(nodes[number])
    }

    private func heal() {
        cut = nil
        for (left, right) in missing { connect(left, right) }
        missing = []
    }

    // MARK: connections

    private var missing: [(Int, Int)] = []
    /// Nobody hears anybody.
    private var isCutWhole = false
    private func isCut(_ left: Int, _ right: Int) -> Bool { isCutWhole || (cut.map { $0.contains(left) != $0.contains(right) } ?? false) }

    private func connect(_ left: Int, _ right: Int) {
        guard !isCut(left, right) else { return missing.append((left, right)) }
        for end in [left, right] where end < nodes.count && nodes[end].state == nil {
            return schedule(.reconnect(left, right), after: .seconds(1))
        }
        if links.contains(where: { $0.isUp && $0.ends == (left, right) }) { return }
        // The left end knows the right one as peers.1, and the other way round.
        let peers = (PeerID(rawValue: nextPeer), PeerID(rawValue: nextPeer + 1))
        nextPeer += 2
        trace("link \((left, right)) is made")
        links.append(Link(ends: (left, right), peers: peers))
        openLinks[peers.0] = links.count - 1
        openLinks[peers.1] = links.count - 1
        for (end, peer) in [(left, peers.1), (right, peers.0)] {
            if end < nodes.count {
                nodes[end].connected(peer)
                try? settle(nodes[end])
            } else {
                liars[end - nodes.count].peers.append(peer)
            }
        }
    }

    private func disconnect(_ peer: PeerID, reconnecting: Bool) {
        if let link = openLinks[peer] { drop(link, reconnecting: reconnecting) }
    }

    private func drop(_ link: Int, reconnecting: Bool) {
        guard links[link].isUp else { return }
        links[link].isUp = false
        trace("link \(links[link].ends) breaks")
        let (ends, peers) = (links[link].ends, links[link].peers)
        openLinks[peers.0] = nil
        openLinks[peers.1] = nil
        for (end, peer) in [(ends.0, peers.1), (ends.1, peers.0)] {
            if end < nodes.count {
                nodes[end].disconnected(peer)
                try? settle(nodes[end])
            } else {
                liars[end - nodes.count].peers.removeAll { $0 == peer }
            }
        }
        // A liar that is thrown out comes back under another number.
        let isBetweenNodes = ends.0 < nodes.count && ends.1 < nodes.count
        schedule(.reconnect(ends.0, ends.1), after: .milliseconds(reconnecting || isBetweenNodes ? pick(200..<4_000) : pick(2_000..<8_000)))
    }

    private func send(_ message: NetworkMessage, from: Int, to peer: PeerID) {
        guard let link = openLinks[peer] else { return }
        let isForward = links[link].ends.0 == from
        let to = isForward ? links[link].ends.1 : links[link].ends.0
        // Bytes stay in their order.
        let arrival = max(clock.now + .milliseconds(pick(1..<400)), isForward ? links[link].busyUntil.0 : links[link].busyUntil.1)
        if isForward { links[link].busyUntil.0 = arrival } else { links[link].busyUntil.1 = arrival }
        schedule(.message(message, link: link, to: to), after: arrival - clock.now)
    }

    private static func summary(_ message: NetworkMessage) -> String {
        func short(_ hash: Hash256) -> String { String(hash.displayHex.prefix(8)) }
        return switch message {
        case .headers(let headers): "\(headers.count) headers to \(headers.last.map { short(Keccak256.doubleHash($0)) } ?? "-")"
        case .block(let bytes): "block \(bytes.count >= 160 ? short(Keccak256.doubleHash(Array(bytes.prefix(160)))) : "-")"
        case .getdata(let items): "getdata \(items.map { short($0.hash) })"
        case .inv(let items): "inv \(items.map { short($0.hash) })"
        case .notfound(let items): "notfound \(items.map { short($0.hash) })"
        case .getheaders(let request): "getheaders from \(request.locator.first.map(short) ?? "-")"
        default: message.envelope.command
        }
    }

    // MARK: mining and lying

    private func mine(_ number: Int) throws {
        let node = nodes[number]
        guard let state = node.state, let template = try? state.blockTemplate() else { return }
        let tally = MiningTally(attempts: 64, progress: { _ in })
        let clock = clock
        guard let found = try bench.search(
            (template, state.model), paying: node.key.program, stale: CancellationFlag(), clock: { clock.unixTime }, tally: tally)
        else { return }
        honest[found.hash] = found
        counts.blocks += 1
        try step(number) { node in
            if let fate = try? node.submit(found) { throw fail("node \(number) refused the block that it mined: \(fate)") }
        }
    }

    private func act(_ liar: SimulatedLiar) {
        guard !liar.peers.isEmpty else { return }
        let peer = liar.peers[pick(0..<liar.peers.count)]
        counts.lies += 1
        let known = honest.values.sorted { ($0.header.height, $0.hash.displayHex) < ($1.header.height, $1.hash.displayHex) }
        for message in liar.lie(about: known, random: &random, now: clock.unixTime) { send(message, from: liar.number, to: peer) }
    }

    private func answer(_ liar: SimulatedLiar, _ message: NetworkMessage, from peer: PeerID) {
        for reply in liar.answer(message) { send(reply, from: liar.number, to: peer) }
    }
}
