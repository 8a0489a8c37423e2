@testable import FlowConsensus
import FlowCrypto
@testable import FlowP2P
import TestSupport
import Testing

@testable import FlowNode

/// Two nodes over loopback that are parted, mine, and are joined again.
@Suite struct RelinkTests {
    private func node(_ directory: TemporaryFolder, _ parameters: ChainParameters) async throws -> Node {
        var configuration = NodeConfiguration(parameters: parameters, dataDirectory: directory.path)
        configuration.listenHost = "127.0.0.1"
        configuration.listenPort = 0
        configuration.threads = 1
        return try await Node(configuration)
    }

    /// - Parameters:
    ///   - waits: whether the join waits until the miners are done
    private func rounds(_ count: Int, waits: Bool, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let parameters = try TestNetwork.parameters(powLimit: TestNetwork.half, stepsPerBlock: 24)
        let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
        let nodes = [try await node(a, parameters), try await node(b, parameters)]
        for round in 0..<count {
            for node in nodes { for peer in node.network.peers() { node.network.disconnect(peer.id, reason: "unlinked") } }
            try await eventually { nodes.allSatisfy { $0.network.peers().isEmpty } }
            let mined = [Int.random(in: 0...3, using: &random), Int.random(in: 0...3, using: &random)]
            let caller = Int.random(in: 0...1, using: &random)
            let pause = Int.random(in: 0...60, using: &random)
            let mining = Task {
                async let first = nodes[0].miner.mine(mined[0], paying: try TestKey(1).program)
                async let second = nodes[1].miner.mine(mined[1], paying: try TestKey(2).program)
                _ = try await (first, second)
            }
            if waits { try await mining.value } else { try await Task.sleep(for: .milliseconds(pause)) }
            _ = try await nodes[caller].network.connectOnce(host: "127.0.0.1", port: try #require(nodes[1 - caller].listeningPort))
            try await mining.value
            var works: [ChainWork] = []
            let end = ContinuousClock.now + .seconds(30)
            repeat {
                works = [await nodes[0].chain.tip().chainWork, await nodes[1].chain.tip().chainWork]
                try await Task.sleep(for: .milliseconds(5))
            } while works[0] != works[1] && ContinuousClock.now < end
            let heights = [await nodes[0].chain.tip().height, await nodes[1].chain.tip().height]
            try #require(works[0] == works[1], "seed \(seed), round \(round), mined \(mined): heights \(heights) after 30 s")
        }
        for node in nodes { await node.stop() }
    }

    @Test func nodesThatMinedApartAgreeAfterEveryJoin() async throws { try await rounds(20, waits: true, seed: .random(in: 0 ... .max)) }

    @Test func nodesThatMineWhileTheyAreJoinedAgree() async throws { try await rounds(20, waits: false, seed: .random(in: 0 ... .max)) }
}
