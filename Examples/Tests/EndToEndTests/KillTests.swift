import FlowRPC
import Foundation
import ProgramSupport
import Synchronization
import Testing

/// kill −9 at random moments: under payments, mining, new addresses and bans (`FLOW_KILLS` times, 10 unless told otherwise), and while the node starts
/// (`FLOW_START_KILLS`, 2). What a caller was told of is there afterwards.
@Suite(.serialized) struct KillTests {
    /// What callers were told.
    private struct Told: Sendable {
        var payments: [String] = []
        var labels: [String: String] = [:]
        var bans: Set<String> = []
        var blocks: [String] = []
    }

    private final class Shared: Sendable {
        let told = Mutex(Told())
    }

    private static func count(_ name: String, _ fallback: Int) -> Int { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? fallback }

    @Test func nothingAcknowledgedIsLost() async throws {
        let kills = Self.count("FLOW_KILLS", 10), startKills = Self.count("FLOW_START_KILLS", 2)
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let node = Daemon(dataDirectory: folder.folder("node"), port: ports[0], rpcPort: ports[1])
        try await node.start()
        try await node.call("createwallet", "stranger")
        let there = try #require(try await node.call("getnewaddress", wallet: "stranger").string)
        try await node.call("unloadwallet", "stranger")
        try await node.call("createwallet", "w")
        var told = Told()
        told.blocks = try #require(try await node.call("generate", 110, wallet: "w").array).compactMap(\.string)
        var killedStarts = 0
        for round in 0..<max(1, kills) {
            try await work(node, there, round, &told)
            // While it starts, too: spread evenly over the rounds.
            while killedStarts * max(1, kills) < startKills * (round + 1) {
                killedStarts += 1
                try node.launch()
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...700)))
                node.killHard()
            }
            try await node.start()
            try await check(node, told, last: 200, "after kill \(round)")
        }
        try await check(node, told, last: .max, "at the end")
        for (address, label) in told.labels {
            let known = try await node.call("getaddressinfo", .string(address), wallet: "w")
            #expect(known["ismine"].bool == true && known["labels"].array?.first?.string == label, "address \(address)")
        }
        #expect(!told.payments.isEmpty && !told.labels.isEmpty && !told.bans.isEmpty)
        // All of it is confirmed in the end, and a wallet made of the words agrees.
        try await node.call("generate", 3, wallet: "w")
        let words = try #require(try await node.call("getmnemonic", wallet: "w").string)
        try await node.call("restorewallet", "again", .string(words))
        let first = try await node.call("getbalances", wallet: "w")["mine"], second = try await node.call("getbalances", wallet: "again")["mine"]
        #expect("\(first)" == "\(second)")
        print("kills: \(kills) and \(killedStarts) during start; told of \(told.payments.count) payments, \(told.labels.count) addresses, \(told.bans.count) bans, \(told.blocks.count) blocks: all there")
        try await node.stop()
    }

    /// Lets callers work, and kills the node at a random moment.
    private func work(_ node: Daemon, _ there: String, _ round: Int, _ told: inout Told) async throws {
        let shared = Shared()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var made = 0
                while let txid = try? await node.call("sendtoaddress", .string(there), .number("0.0\(1 + made % 9)"), wallet: "w").string {
                    shared.told.withLock { $0.payments.append(txid) }
                    made += 1
                }
            }
            group.addTask {
                while true {
                    let label = "label \(round).\(shared.told.withLock { $0.labels.count })"
                    guard let address = try? await node.call("getnewaddress", .string(label), wallet: "w").string else { return }
                    shared.told.withLock { $0.labels[address] = label }
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
            group.addTask {
                for number in 0..<2 {
                    let host = "10.\(round / 250).\(round % 250).\(number)"
                    guard (try? await node.call("setban", .string(host), "add", 100_000)) != nil else { return }
                    shared.told.withLock { _ = $0.bans.insert(host) }
                    try? await Task.sleep(for: .milliseconds(100))
                }
            }
            group.addTask {
                while let hash = try? await node.call("generate", 1, wallet: "w").array?.first?.string { shared.told.withLock { $0.blocks.append(hash) } }
            }
            try? await Task.sleep(for: .milliseconds(Int.random(in: 20...900)))
            node.killHard()
        }
        let new = shared.told.withLock { $0 }
        told.payments += new.payments
        told.labels.merge(new.labels) { $1 }
        told.bans.formUnion(new.bans)
        told.blocks += new.blocks
    }

    /// - Parameter last: so many of the last payments and blocks are looked at
    private func check(_ node: Daemon, _ told: Told, last: Int, _ when: String) async throws {
        let pool = Set(try await node.call("getrawmempool").array?.compactMap(\.string) ?? [])
        for txid in told.payments.suffix(last) {
            let known = try? await node.call("gettransaction", .string(txid), wallet: "w")
            #expect((known?["confirmations"].integer ?? -1) > 0 || pool.contains(txid), "\(when): payment \(txid) is lost")
        }
        for hash in told.blocks.suffix(last) {
            #expect((try? await node.call("getblock", .string(hash))["confirmations"].integer ?? -1) ?? -1 > 0, "\(when): block \(hash) is lost")
        }
        let bans = Set(try await node.call("listbanned").array?.compactMap { $0["address"].string } ?? [])
        #expect(told.bans.isSubset(of: bans), "\(when): bans \(told.bans.subtracting(bans)) are lost")
        // What is listed as spendable, is.
        for coin in (try await node.call("listunspent", 0, wallet: "w").array ?? []).shuffled().prefix(50) {
            let output = try await node.call("gettxout", .string(coin["txid"].string ?? ""), .integer(coin["vout"].integer ?? 0), true)
            #expect(output["value"].double != nil, "\(when): coin \(coin) is spent or unknown")
        }
        let state = try await node.state()
        #expect(state[0] == state[3], "\(when): tip \(state[0]), coins of \(state[3])")
    }
}
