import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// Two daemons and a miner on real text: blocks, replay, a payment, a fork joined.
@Suite(.serialized) struct TwoNodeTests {
    private static func heldOutLoss(_ node: Daemon) async throws -> Double {
        try #require(try await node.call("getmodelinfo")["heldoutloss"].double)
    }

    @Test func thirtyBlocksOnRealTextAreReplayedBitForBit() async throws {
        let folder = try TemporaryDirectory()
        let texts = try await Bible.texts(in: folder)
        let ports = try FreePorts.take(4)
        let first = Daemon(
            dataDirectory: folder.folder("first"), port: ports[0], rpcPort: ports[1], arguments: ["-dataset=\(texts)"])
        let second = Daemon(
            dataDirectory: folder.folder("second"), port: ports[2], rpcPort: ports[3],
            arguments: ["-dataset=\(texts)", "-connect=127.0.0.1:\(ports[0])", "-backend=openblas"])
        try await first.start()
        try await second.start()
        try await first.call("createwallet", "payer")
        try await second.call("createwallet", "payee")
        let mineTo = try #require(try await first.call("getnewaddress").string)
        let payTo = try #require(try await second.call("getnewaddress").string)

        let before = try await Self.heldOutLoss(first)
        #expect(before > 5.4 && before < 5.7)
        let miner = first.clientArguments + ["-dataset=\(texts)", "--address", mineTo]
        let mined = try await Programs.run("flowminer", miner + ["--blocks", "30"], timeout: 600)
        #expect(mined.status == 0, "\(mined.errors)")
        let lines = mined.output.split(separator: "\n").filter { $0.contains("held-out loss") }
        #expect(lines.count == 30)
        for word in ["tickets/s", "tokens/s", "steps"] { #expect(lines[0].contains(word)) }

        try await eventually(within: 300, "the second node has replayed 30 blocks") {
            try await second.call("getblockcount").integer == 30
        }
        #expect(try await first.state() == second.state())
        let after = try await Self.heldOutLoss(second)
        #expect(after < 3.0, "held-out loss after 30 blocks: \(after)")

        // Coins of the first blocks mature 100 blocks later; then a payment between the two wallets.
        let more = try await Programs.run("flowminer", miner + ["--blocks", "71"], timeout: 900)
        #expect(more.status == 0, "\(more.errors)")
        // Before, the second node cannot judge the payment, and its answer to that is another test's.
        try await eventually(within: 300, "the second node has replayed 101 blocks") {
            try await second.call("getblockcount").integer == 101
        }
        let txid = try #require(try await first.call("sendtoaddress", .string(payTo), .number("12.5")).string)
        try await eventually(within: 60, "the payment reaches the second node's pool") {
            try await second.call("getrawmempool").array?.compactMap(\.string).contains(txid) == true
        }
        _ = try await Programs.run("flowminer", miner + ["--blocks", "1"], timeout: 300)
        try await eventually(within: 300, "the payment confirms at the second node") {
            try await second.call("getbalance").double == 12.5
        }
        try await eventually(within: 60, "both nodes agree") { try await first.state() == second.state() }
        try await first.stop()
        try await second.stop()
    }

    @Test func theShorterSideOfAForkReorganisesWithItsModel() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(4)
        let left = Daemon(dataDirectory: folder.folder("left"), port: ports[0], rpcPort: ports[1])
        let right = Daemon(dataDirectory: folder.folder("right"), port: ports[2], rpcPort: ports[3])
        try await left.start()
        try await right.start()
        try await left.call("createwallet", "w")
        try await right.call("createwallet", "w")
        try await left.call("generatetoaddress", 2, .string(try #require(try await left.call("getnewaddress").string)))
        try await right.call("generatetoaddress", 4, .string(try #require(try await right.call("getnewaddress").string)))
        let leftAlone = try await left.state()
        let rightAlone = try await right.state()
        #expect(leftAlone[1] != rightAlone[1])
        try await left.call("addnode", .string("127.0.0.1:\(ports[2])"), "add")
        try await eventually(within: 120, "the shorter side follows the longer one") {
            try await left.call("getblockcount").integer == 4
        }
        #expect(try await left.state() == rightAlone)
        #expect(try await right.state() == rightAlone)
        #expect(try await left.call("getbalances")["mine"]["immature"].double == 0)
        // The model goes on from the joined tip.
        try await left.call("generatetoaddress", 1, .string(try #require(try await left.call("getnewaddress").string)))
        try await eventually(within: 120, "the next block is taken by both") {
            try await right.call("getblockcount").integer == 5
        }
        #expect(try await left.state() == right.state())
        try await left.stop()
        try await right.stop()
    }
}
