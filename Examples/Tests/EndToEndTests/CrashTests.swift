import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import Testing

@Suite struct CrashTests {
    /// kill −9 in the middle of mining, twenty times; afterwards a second node must reach the same state by replaying the chain.
    @Test func tipCoinsAndModelBelongTogetherAfterTwentyKills() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(4)
        let node = Daemon(dataDirectory: folder.folder("node"), port: ports[0], rpcPort: ports[1])
        try await node.start()
        try await node.call("createwallet", "w")
        let address = try #require(try await node.call("getnewaddress").string)
        // How long this machine takes for a block, whatever else runs on it.
        let started = ContinuousClock.now
        try await node.call("generatetoaddress", 2, .string(address))
        let block = started.duration(to: .now) / 2
        var height = 2
        for round in 0..<20 {
            let mining = Task { try? await node.call("generatetoaddress", 1_000, .string(address)) }
            // From early in a block's life to several blocks on.
            try await Task.sleep(for: .milliseconds(30) + block * Double(round * 7 % 20) / 5)
            node.killHard()
            _ = await mining.value
            try await node.start()
            let count = try #require(try await node.call("getblockcount").integer)
            #expect(count >= height, "round \(round): height went from \(height) back to \(count)")
            height = count
            // The node checks the model's root against its index when it starts; these must name one block.
            let state = try await node.state()
            #expect(state[0] == state[3], "round \(round): tip \(state[0]), coins of \(state[3])")
        }
        #expect(height > 2, "no block between the kills")
        let witness = Daemon(
            dataDirectory: folder.folder("witness"), port: ports[2], rpcPort: ports[3],
            arguments: ["-connect=127.0.0.1:\(ports[0])"])
        try await witness.start()
        try await eventually(within: 300, "a second node replays the chain") {
            try await witness.call("getblockcount").integer == height
        }
        #expect(try await witness.state() == node.state())
        try await node.stop()
        try await witness.stop()
    }
}
