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

    /// kill −9 at random moments under payments and mining. `FLOW_KILLS` sets how often.
    @Test func nothingAcknowledgedIsLostByKills() async throws {
        let kills = ProcessInfo.processInfo.environment["FLOW_KILLS"].flatMap { Int($0) } ?? 10
        let folder = try TemporaryDirectory()
        let (node, there) = try await Self.scene(folder)
        try await node.call("createwallet", "w")
        try await node.call("generate", 110, wallet: "w")
        var payments: [String] = [], labels: [String: String] = [:], height = 110
        for round in 0..<kills {
            let paying = Task { () -> [String] in
                var made: [String] = []
                while !Task.isCancelled, let txid = try? await node.call("sendtoaddress", .string(there), .number("0.0\(1 + made.count % 9)"), wallet: "w").string {
                    made.append(txid)
                }
                return made
            }
            let labelling = Task { () -> [String: String] in
                var made: [String: String] = [:]
                while let address = try? await node.call("getnewaddress", .string("label \(round).\(made.count)"), wallet: "w").string {
                    made[address] = "label \(round).\(made.count)"
                    try? await Task.sleep(for: .milliseconds(20))
                }
                return made
            }
            let mining = Task { () -> Int in
                var most = 0
                while (try? await node.call("generate", 1, wallet: "w")) != nil {
                    most = max(most, (try? await node.call("getblockcount").integer) ?? 0)
                }
                return most
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...900)))
            node.killHard()
            payments += await paying.value
            labels.merge(await labelling.value) { $1 }
            height = max(height, await mining.value)
            if round % 10 == 9 {
                // While it starts, too.
                try node.launch()
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...400)))
                node.killHard()
            }
            try await node.start()
            #expect(try await node.call("getblockcount").integer ?? 0 >= height, "round \(round)")
            let pool = Set(try await node.call("getrawmempool").array?.compactMap(\.string) ?? [])
            for txid in payments.suffix(400) {
                let known = try? await node.call("gettransaction", .string(txid), wallet: "w")
                let isThere = (known?["confirmations"].integer ?? -1) > 0 || pool.contains(txid)
                #expect(isThere, "round \(round): payment \(txid) is lost")
            }
            // What is listed as spendable, is.
            for coin in try await node.call("listunspent", 0, wallet: "w").array ?? [] {
                let output = try await node.call("gettxout", .string(coin["txid"].string ?? ""), .integer(coin["vout"].integer ?? 0), true)
                #expect(output["value"].double != nil, "round \(round): coin \(coin) is spent or unknown")
            }
        }
        for (address, label) in labels {
            let unspent = try await node.call("listunspent", 0, 9_999_999, .array([.string(address)]), wallet: "w")
            #expect(unspent.array?.isEmpty == true || unspent.array?.first?["label"].string == label)
        }
        #expect(!payments.isEmpty && !labels.isEmpty)
        // All of it is confirmed in the end, and a wallet made of the words agrees.
        try await node.call("generate", 3, wallet: "w")
        let words = try #require(try await node.call("getmnemonic", wallet: "w").string)
        try await node.call("restorewallet", "again", .string(words))
        let first = try await node.call("getbalances", wallet: "w")["mine"], second = try await node.call("getbalances", wallet: "again")["mine"]
        #expect("\(first)" == "\(second)")
        print("kills: \(kills), payments \(payments.count), labels \(labels.count), height \(height)")
        try await node.stop()
    }
}
