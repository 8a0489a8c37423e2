import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// Money, as people who run the daemon see it: nothing that was acknowledged is lost, however the process ends.
@Suite(.serialized) struct WalletTests {
    /// A running node, and an address of a wallet that it no longer has loaded.
    private static func scene(_ folder: TemporaryDirectory) async throws -> (node: Daemon, there: String) {
        let ports = try FreePorts.take(2)
        let node = Daemon(dataDirectory: folder.folder("node"), port: ports[0], rpcPort: ports[1])
        try await node.start()
        try await node.call("createwallet", "stranger")
        let address = try #require(try await node.call("getnewaddress", wallet: "stranger").string)
        try await node.call("unloadwallet", "stranger")
        return (node, address)
    }

    @Test func aRestartCountsAsBeforeAndPaymentsGoOn() async throws {
        let folder = try TemporaryDirectory()
        let (node, there) = try await Self.scene(folder)
        try await node.call("createwallet", "w")
        try await node.call("generate", 100, wallet: "w")
        // A caller that was told of a block sees its money.
        #expect(try await node.call("getbalances", wallet: "w")["mine"]["immature"].double == 4_950)
        #expect(try await node.call("getbalance", wallet: "w").double == 50)
        try await node.call("sendtoaddress", .string(there), 5, wallet: "w")
        try await node.call("generatetoaddress", 1, .string(there))
        let waiting = try #require(try await node.call("sendtoaddress", .string(there), 7, wallet: "w").string)
        func seen() async throws -> [String] {
            [
                "\(try await node.call("getbalances", wallet: "w")["mine"])", "\(try await node.call("listunspent", 0, wallet: "w"))",
                "\(try await node.call("listtransactions", "*", 200, wallet: "w"))", "\(try await node.call("getrawmempool"))",
            ]
        }
        let before = try await seen()
        for round in 0..<3 {
            if round == 1 { node.killHard() } else { try await node.stop() }
            try await node.start()
            #expect(try await seen() == before, "start \(round)")
        }
        let spent = try await node.call("gettransaction", .string(waiting), wallet: "w")
        #expect(spent["confirmations"].integer == 0 && spent["amount"].double == -7 && spent["details"].array?.first?["category"].string == "send")
        // Sent again until a block holds it: here from the file alone.
        try await node.stop()
        try await node.start()
        try await node.call("generatetoaddress", 1, .string(there))
        #expect(try await node.call("gettransaction", .string(waiting), wallet: "w")["confirmations"].integer == 1)
        try await node.stop()
    }

    @Test func parametersAreHeeded() async throws {
        let folder = try TemporaryDirectory()
        let (node, there) = try await Self.scene(folder)
        try await node.call("createwallet", "w", false, false, "open sesame")
        #expect(try await node.call("getwalletinfo", wallet: "w")["unlocked"].bool == false, "as bitcoind leaves it")
        let rent = try #require(try await node.call("getnewaddress", "rent", wallet: "w").string)
        try await node.call("generatetoaddress", 2, .string(rent))
        try await node.call("generate", 100, wallet: "w")
        await #expect { try await node.call("sendtoaddress", .string(there), 1, wallet: "w") } throws: { "\($0)".contains("-13") || "\($0)".contains("locked") }
        try await node.call("walletpassphrase", "open sesame", 600, wallet: "w")
        #expect(try await node.call("getbalance", "*", 101, wallet: "w").double == 100)
        #expect(try await node.call("getbalance", "*", 102, wallet: "w").double == 50)
        await #expect { try await node.call("getbalance", "x", wallet: "w") } throws: { "\($0)".contains("dummy first argument") }
        let labelled = try #require(try await node.call("listtransactions", "rent", 100, wallet: "w").array)
        #expect(labelled.count == 2 && labelled.allSatisfy { $0["label"].string == "rent" && $0["address"].string == rent })
        #expect(try await node.call("listtransactions", "*", 3, 2, wallet: "w").array?.count == 3)
        #expect(try await node.call("listunspent", 102, wallet: "w").array?.count == 1)
        let txid = try #require(try await node.call("sendtoaddress", .string(there), 1, wallet: "w").string)
        let sent = try await node.call("gettransaction", .string(txid), wallet: "w")
        let hex = try #require(sent["hex"].string)
        // It waits there already, at a fee that this caller would not pay.
        #expect(try await node.call("sendrawtransaction", .string(hex), .number("0.10")).string == txid)
        await #expect { try await node.call("abandontransaction", .string(txid), wallet: "w") } throws: { "\($0)".contains("not eligible") }
        try await node.call("generate", 1, wallet: "w")
        #expect(try await node.call("gettransaction", .string(txid), wallet: "w")["confirmations"].integer == 1)
        // A damaged file is named with the way out, and the node runs on.
        try await node.stop()
        let wallets = node.networkDirectory + "/wallets"
        try Data("{}".utf8).write(to: URL(fileURLWithPath: wallets + "/broken.json"))
        try await node.start()
        let listed = try #require(try await node.call("listwalletdir")["wallets"].array)
        let broken = try #require(listed.first { $0["name"].string == "broken" })
        #expect(broken["warnings"].array?.first?.string?.contains("Restore it from a backup") == true)
        await #expect { try await node.call("loadwallet", "broken") } throws: { "\($0)".contains("not a readable wallet") }
        try await node.stop()
    }
}
