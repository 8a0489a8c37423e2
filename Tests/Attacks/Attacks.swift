import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P
import Foundation
import Synchronization

/// What an attack cost whom.
struct Outcome {
    let name: String
    /// Steps that the forger trained, and what an honest miner pays for them in seconds.
    let shownSteps: Int
    let shownSeconds: Double
    let seeds: Int
    /// Steps that the node trained because of it.
    let defenderSteps: Int
    let defenderSeconds: Double
    /// Seconds until an honest block was connected during the attack, and in quiet times.
    let honestSeconds: Double
    let quietSeconds: Double
    /// Bytes by which resident memory grew at most during the attack alone, with an honest block as well, and during an honest block in quiet times.
    let memory: Int
    let fullMemory: Int
    let quietMemory: Int
    /// What an honest miner pays for the first step of a trajectory.
    let stepSeconds: Double

    /// What the defender may spend: twice the true steps that he was shown, and a step for each seed.
    var allowance: Double { 2 * shownSeconds + Double(seeds) * stepSeconds }

    /// No digest is known before its step was trained, and each only once.
    var allowedSteps: Int { shownSteps + seeds }

    static let head =
        "| attack | forger's true steps | node's steps | forger's cost, s | node's cost, s | allowance, s | cost / allowance | honest block, s (quiet) | memory, MiB: alone, with the block (quiet) |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"

    var row: String {
        func text(_ value: Double) -> String { value.isFinite ? String(format: "%.2f", value) : "-" }
        let ratio = allowance > 0 ? text(defenderSeconds / allowance) : "-"
        return "| \(name) | \(shownSteps) | \(defenderSteps) | \(text(shownSeconds)) | \(text(defenderSeconds)) | \(text(allowance)) | \(ratio) | \(text(honestSeconds)) (\(text(quietSeconds))) | \(memory >> 20), \(fullMemory >> 20) (\(quietMemory >> 20)) |"
    }
}

/// A node under attack, an honest peer that it knows, and the means to forge.
struct Arena {
    let forge: Forge
    let defender: Defender
    let honest: Peer
    let quietSeconds: Double
    let quietMemory: Int

    /// - Parameter blocks: honest blocks that the node has before the attack
    init(_ parameters: ChainParameters, blocks: Int = 3) async throws {
        forge = try Forge(parameters)
        defender = try Defender(network: parameters.name)
        honest = Peer(to: defender.port, parameters: parameters)
        try await honest.connect()
        var (quiet, growth) = (0.0, 0)
        for _ in 0..<blocks {
            let block = try forge.mine()
            try await defender.rest()
            let memory = defender.memory
            let watch = defender.watchMemory()
            quiet = try await honest.deliver(block)
            guard quiet.isFinite else { throw AttackError("the node does not take an honest block in quiet times") }
            try await defender.rest()
            watch.cancel()
            growth = await watch.value - memory
        }
        quietSeconds = quiet
        quietMemory = max(0, growth)
    }

    func stop() async { await honest.stop() }

    /// Attacks twice: alone, for what it costs, and while an honest block comes, for what that has to wait.
    /// - Parameter attack: the number of the turn and the network
    func outcome(
        _ name: String, shown: Int, seeds: Int, _ attack: (_ turn: Int, ChainParameters) async throws -> Void, honestBlock: Block
    ) async throws -> Outcome {
        let parameters = forge.parameters
        // What a step costs changes with the machine's other work, so it is measured on both sides of the attack.
        let stepsEach = seeds > 0 ? shown / seeds : 0
        let price = (try await forge.price(steps: 1), try await forge.price(steps: stepsEach))
        let steps = try defender.replayedSteps()
        try await defender.rest()
        let (before, memory) = (defender.processorSeconds, defender.memory)
        let (watch, whole) = (defender.watchMemory(), defender.watchMemory())
        try await attack(0, parameters)
        try await defender.rest()
        let cost = defender.processorSeconds - before
        let trained = try defender.replayedSteps() - steps
        let firstStep = (price.0 + (try await forge.price(steps: 1))) / 2
        let shownEach = (price.1 + (try await forge.price(steps: stepsEach))) / 2
        watch.cancel()
        let alone = await watch.value
        let delivery = Task { [honest] in
            try await Task.sleep(for: .milliseconds(300))
            return try await honest.deliver(honestBlock)
        }
        try await attack(1, parameters)
        let honestSeconds = try await delivery.value
        try await defender.rest()
        whole.cancel()
        let most = await whole.value
        return Outcome(
            name: name, shownSteps: shown, shownSeconds: Double(seeds) * shownEach, seeds: seeds,
            defenderSteps: trained, defenderSeconds: cost, honestSeconds: honestSeconds,
            quietSeconds: quietSeconds, memory: max(0, alone - memory), fullMemory: max(0, most - memory), quietMemory: quietMemory, stepSeconds: firstStep)
    }

    /// Offers blocks through some peers until each was asked for, or a while has passed.
    static func offer(_ blocks: [Block], through count: Int, to port: UInt16, parameters: ChainParameters, seconds: Double = 60) async throws {
        let peers = (0..<count).map { _ in Peer(to: port, parameters: parameters) }
        let share = (blocks.count + count - 1) / count
        await withTaskGroup(of: Void.self) { group in
            for (number, peer) in peers.enumerated() {
                let own = Array(blocks.dropFirst(number * share).prefix(share))
                group.addTask {
                    let end = Date().addingTimeInterval(seconds)
                    for block in own {
                        let before = peer.sentCount
                        while Date() < end, peer.sentCount == before {
                            guard (try? await peer.connect()) != nil else {
                                try? await Task.sleep(for: .milliseconds(50))
                                continue
                            }
                            peer.announce([block])
                            for _ in 0..<40 where peer.sentCount == before { try? await Task.sleep(for: .milliseconds(10)) }
                        }
                    }
                    // What was sent is judged before the connection ends.
                    try? await Task.sleep(for: .milliseconds(1_500))
                }
            }
        }
        for peer in peers { await peer.stop() }
    }
}

/// Prints a line at once, into a pipe too.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

@main
struct Attacks {
    /// Rows for which the node trained more than it may.
    private static let dear = Mutex<[String]>([])

    private static func report(_ outcome: Outcome) {
        say(outcome.row)
        if outcome.defenderSteps > outcome.allowedSteps {
            dear.withLock { $0.append("\(outcome.name): \(outcome.defenderSteps) steps, at most \(outcome.allowedSteps) are due") }
        }
    }

    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.count == 3, arguments[0] == "defend" { return try await Defender.run(network: arguments[1], directory: arguments[2]) }
        let scenes = ["digests", "headers", "bodies", "newcomer"]
        let networks = arguments.filter { name in ChainParameters.all.contains { $0.name == name } }
        let wanted = arguments.filter { scenes.contains($0) }
        guard networks.count + wanted.count == arguments.count else {
            throw AttackError("usage: flow-attacks [regtest] [testnet] [\(scenes.joined(separator: "] ["))]")
        }
        func isWanted(_ scene: String) -> Bool { wanted.isEmpty || wanted.contains(scene) }
        for name in networks.isEmpty ? ["regtest"] : networks {
            guard let parameters = ChainParameters.all.first(where: { $0.name == name }) else { continue }
            say("\n\(name)\n\(Outcome.head)")
            if isWanted("digests") { try await forgeries(parameters) }
            // What does not depend on the price of a step.
            guard name == ChainParameters.regtest.name else { continue }
            if isWanted("headers") { try await headers(parameters) }
            if isWanted("bodies") { try await bodies(parameters) }
            if isWanted("newcomer") { try await newcomer(parameters) }
        }
        let dear = dear.withLock { $0 }
        guard dear.isEmpty else { throw AttackError("the node trained too much:\n" + dear.joined(separator: "\n")) }
    }

    /// Forged digests at a step, by one peer and by eight, of one seed and of many.
    private static func forgeries(_ parameters: ChainParameters) async throws {
        let last = Int(parameters.training.stepsPerBlock)
        for step in [1, 4, 8, 16] where step <= last {
            for peers in [1, 8] {
                for isOneSeed in [true, false] {
                    let arena = try await Arena(parameters)
                    let forge = arena.forge
                    let count = 8
                    let blocks = try (0..<2).map { _ -> [Block] in
                        guard isOneSeed else { return try (0..<count).map { _ in try forge.forgery(atStep: step) } }
                        let template = forge.block()
                        let known = try forge.digests(template, count: step - 1)
                        return try (0..<count).map { _ in try forge.forgery(atStep: step, on: template, known: known) }
                    }
                    let honest = try forge.mine()
                    let outcome = try await arena.outcome(
                        "digest \(step) false, \(isOneSeed ? "one seed" : "\(count) seeds"), \(peers == 1 ? "one peer" : "\(peers) peers")",
                        shown: (isOneSeed ? 1 : count) * (step - 1), seeds: isOneSeed ? 1 : count,
                        { try await Arena.offer(blocks[$0], through: peers, to: arena.defender.port, parameters: $1) }, honestBlock: honest)
                    report(outcome)
                    await arena.stop()
                }
            }
        }
    }

    /// 40,000 headers, and one known header over and over.
    private static func headers(_ parameters: ChainParameters) async throws {
        let arena = try await Arena(parameters)
        let alone = (0..<2).map { _ in (0..<20).map { _ in branch(arena.forge, length: 2_000) } }
        let early = try arena.forge.mine()
        let single = try await arena.outcome(
            "40,000 headers by one peer", shown: 0, seeds: 0,
            { turn, parameters in
                let peer = Peer(to: arena.defender.port, parameters: parameters)
                for branch in alone[turn] {
                    // It is thrown out for headers that nobody asked for, and comes again.
                    for _ in 0..<100 where (try? await peer.connect()) == nil { try? await Task.sleep(for: .milliseconds(20)) }
                    peer.announce(branch, asOneBranch: true, serving: false)
                    try await Task.sleep(for: .milliseconds(50))
                }
                try await Task.sleep(for: .seconds(1))
                await peer.stop()
            }, honestBlock: early)
        report(single)
        let branches = (0..<2).map { _ in (0..<20).map { _ in branch(arena.forge, length: 2_000) } }
        let honest = try arena.forge.mine()
        let flood = try await arena.outcome(
            "40,000 headers by 20 peers", shown: 0, seeds: 0,
            { turn, parameters in
                let peers = (0..<20).map { _ in Peer(to: arena.defender.port, parameters: parameters) }
                for (peer, branch) in zip(peers, branches[turn]) {
                    try await peer.connect()
                    peer.announce(branch, asOneBranch: true, serving: false)
                }
                try await Task.sleep(for: .seconds(2))
                for peer in peers { await peer.stop() }
            }, honestBlock: honest)
        report(flood)
        let next = try arena.forge.mine()
        let repeated = try await arena.outcome(
            "a known header 20,000 times", shown: 0, seeds: 0,
            { _, parameters in
                let peer = Peer(to: arena.defender.port, parameters: parameters)
                try await peer.connect()
                for _ in 0..<20_000 { peer.send(.headers([honest.header.encoded])) }
                try await Task.sleep(for: .seconds(2))
                await peer.stop()
            }, honestBlock: next)
        report(repeated)
        await arena.stop()
    }

    /// Large bodies: forged ones at the tip and beside it, and ones without a parent.
    private static func bodies(_ parameters: ChainParameters) async throws {
        let arena = try await Arena(parameters)
        let large = try (0..<2).map { _ in try (0..<20).map { _ in try arena.forge.forgery(atStep: 1, padding: 3_600_000) } }
        let orphans = large[0].map { block -> Block in
            var orphan = block
            orphan.header.previousHash = Keccak256.hash(block.header.deltaHash.bytes)
            return arena.forge.sealed(orphan, digests: [], inventing: 1)
        }
        let honest = try arena.forge.mine()
        let attack = try await arena.outcome(
            "20 blocks of 3.6 MB at the tip, 8 peers", shown: 0, seeds: 20,
            { try await Arena.offer(large[$0], through: 8, to: arena.defender.port, parameters: $1) }, honestBlock: honest)
        report(attack)
        let next = try arena.forge.mine()
        let second = try await arena.outcome(
            "20 blocks of 3.6 MB without a parent", shown: 0, seeds: 0,
            { _, parameters in
                let peer = Peer(to: arena.defender.port, parameters: parameters)
                for orphan in orphans {
                    guard (try? await peer.connect()) != nil else { continue }
                    peer.send(.block(orphan.encoded))
                    try await Task.sleep(for: .milliseconds(30))
                }
                try await Task.sleep(for: .seconds(1))
                await peer.stop()
            }, honestBlock: next)
        report(second)
        await arena.stop()
    }

    /// A newcomer syncs 150 blocks while eight peers claim branches of more work.
    private static func newcomer(_ parameters: ChainParameters) async throws {
        let forge = try Forge(parameters)
        var branches: [[Block]] = []
        for _ in 0..<8 { branches.append(branch(forge, length: 200)) }
        let chain = try (0..<150).map { _ in try forge.mine() }
        var seconds: [Double] = []
        for isAttacked in [false, true] {
            let defender = try Defender(network: parameters.name)
            let liars = isAttacked ? branches.map { _ in Peer(to: defender.port, parameters: parameters) } : []
            for (liar, branch) in zip(liars, branches) {
                try await liar.connect()
                liar.announce(branch, asOneBranch: true)
            }
            if isAttacked { try await Task.sleep(for: .milliseconds(500)) }
            let honest = Peer(to: defender.port, parameters: parameters)
            try await honest.connect()
            let start = Date()
            honest.announce(chain, asOneBranch: true)
            while try await !honest.isConnected(chain[149]) {
                try await Task.sleep(for: .milliseconds(50))
                guard Date().timeIntervalSince(start) < 300 else { throw AttackError("the newcomer is not in step after 300 s") }
            }
            seconds.append(Date().timeIntervalSince(start))
            for peer in liars + [honest] { await peer.stop() }
        }
        say(String(format: "a newcomer syncs 150 blocks: %.2f s, with eight peers that claim more work %.2f s (x%.2f)", seconds[0], seconds[1], seconds[1] / seconds[0]))
    }

    /// Blocks on the forge's parent, each on the one before, whose digests are invented.
    private static func branch(_ forge: Forge, length: Int) -> [Block] {
        var blocks: [Block] = []
        var parent = forge.parent
        let template = forge.block()
        for _ in 0..<length {
            var block = template
            block.header.previousHash = parent.hash
            block.header.height = parent.height + 1
            block.header.time = parent.time + 1
            block.header.modelRoot = blocks.isEmpty ? block.header.modelRoot : Keccak256.hash(parent.deltaHash.bytes)
            block.transactions = [
                Transaction.coinbase(height: block.header.height, outputs: template.transactions[0].outputs, data: Array("\(UInt64.random(in: 0 ... .max))".utf8))
            ]
            block.header.merkleRoot = block.computedMerkleRoot
            block = forge.sealed(block, digests: [], inventing: Int(forge.parameters.training.firstPayingStep))
            blocks.append(block)
            parent = block.header
        }
        return blocks
    }
}
