import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import ProgramVersion
import Testing

/// The programs' options as bitcoind's users know them: each with something that is taken and something that is refused.
@Suite(.serialized) struct OptionTests {
    private func withNode(_ arguments: [String], _ body: (Daemon, URL) async throws -> Void) async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1], arguments: arguments.map { $0.replacingOccurrences(of: "FOLDER", with: folder.url.path) })
        try await daemon.start()
        try await body(daemon, folder.url)
        try await daemon.stop()
    }

    private func text(_ url: URL) -> String { (try? String(contentsOf: url, encoding: .utf8)) ?? "" }

    /// The HTTP status of a call with some credentials.
    private func status(_ daemon: Daemon, _ user: String, _ method: String, host: String = "127.0.0.1") async throws -> String {
        try await Programs.run(
            "/usr/bin/curl", ["-s", "-g", "-o", "/dev/null", "-w", "%{http_code}", "--user", user, "--data-binary", #"{"method":"\#(method)","id":1}"#, "http://\(host):\(daemon.rpcPort)/"],
            timeout: 60).output
    }

    @Test(arguments: [
        "-rpcauth=alice", "-rpcauth=alice:salt", "-rpcauth=:a$\(String(repeating: "0", count: 64))", "-rpcauth=a:b$00", "-rpcbind=127.0.0.1", "-rpcallowip=nowhere",
        "-rpcallowip=1.2.3.4/33", "-rpcallowip=", "-rpcwhitelist=getblock", "-rpcwhitelist=a:nosuchmethod", "-rpcwhitelistdefault=2", "-rpcworkqueue=0", "-rpcservertimeout=0",
        "-rpccookiefile=", "-maxmempool=0", "-mempoolexpiry=0", "-persistmempool=2", "-txindex=yes", "-par=1000", "-dbcache=3", "-maxconnections=-1", "-debug=moon",
        "-debugexclude=moon", "-debuglogfile=/nowhere/debug.log", "-printtoconsole=2", "-blocknotify=", "-walletnotify=", "-alertnotify=", "-startupnotify=", "-shutdownnotify=",
        "-zmqpubhashblock=127.0.0.1:1", "-zmqpubhashtx=tcp://", "-zmqpubrawblock=tcp://127.0.0.1", "-zmqpubrawtx=http://127.0.0.1:1", "-zmqpubsequence=ipc://",
        "-zmqpubhashblockhwm=-1", "-listen=2", "-chain=moon", "-regtest=2", "-server=0 -daemon",
    ])
    func whatMeansNothingIsRefused(_ words: String) async throws {
        let folder = try TemporaryDirectory()
        let end = try await Programs.run("flowcoind", ["-regtest", "-datadir=\(folder.folder("n"))"] + words.split(separator: " ").map(String.init), timeout: 60)
        let name = String(words.split(separator: "=")[0].dropFirst())
        #expect(end.status != 0 && end.errors.contains(name == "debuglogfile" ? "log file" : name.hasPrefix("zmq") ? "zmqpub" : name.hasPrefix("debug") ? "categor" : name), "\(end.errors)")
    }

    @Test(arguments: [("-rpcwhitlist=a:b", "rpcwhitelist"), ("-maxmempol=5", "maxmempool"), ("-blocknotfy=x", "blocknotify")])
    func anUnknownOneNamesTheNearest(_ word: String, _ nearest: String) async throws {
        let end = try await Programs.run("flowcoind", ["-regtest", word], timeout: 60)
        #expect(end.status != 0 && end.errors.contains("Unknown option") && end.errors.contains(nearest), "\(end.errors)")
        let folder = try TemporaryDirectory()
        try Data("\(word.dropFirst())\n".utf8).write(to: folder.url.appendingPathComponent("flowcoin.conf"))
        let file = try await Programs.run("flowcoind", ["-regtest", "-datadir", folder.url.path], timeout: 60)
        #expect(file.status != 0 && file.errors.contains(nearest), "\(file.errors)")
    }

    @Test func everyProgramTellsItsVersionAndItsOptions() async throws {
        #expect(ProgramVersion.number == NodeConfiguration.version)
        for program in ["flowcoind", "flowcoin-cli", "flowminer"] {
            for word in ["-version", "--version"] { #expect(try await Programs.run(program, [word]).output == "\(ProgramVersion.text)\n") }
            for word in ["-?", "-h", "-help", "--help"] {
                let help = try await Programs.run(program, [word])
                #expect(help.status == 0 && help.output.contains("-regtest") && help.output.contains("-rpcport"), "\(program) \(word)")
            }
        }
        #expect(try await Programs.run("flowchat", ["--version"]).output == "\(ProgramVersion.text)\n")
    }

    @Test func usersAndWhatTheyMayCall() async throws {
        let made = try await Programs.run("flowcoind", ["rpcauth", "carol", "pass:word"])
        let line = try #require(made.output.split(separator: "\n").first { $0.hasPrefix("rpcauth=carol:") })
        let random = try await Programs.run("flowcoind", ["rpcauth", "dave"])
        let lines = random.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 4 && lines[3].utf8.count == 44)
        #expect(try await Programs.run("flowcoind", ["rpcauth", "a:b"]).status != 0)
        // Of Bitcoin Core's test rpc_users.py: made by its rpcauth.py.
        let known = "rpcauth=rt:93648e835a54c573682c2eb19f882535$7681e9c5b74bdd85e78166031d2058e1069b3ed7ed967c93fc63abba06f31144"
        let words = [String(line), lines[1], known].map { "-" + $0 } + [
            "-rpcwhitelist=carol:getblockcount,uptime", "-rpcwhitelist=carol:getblockcount", "-rpcwhitelistdefault=0", "-rpccookiefile=FOLDER/key",
        ]
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1], arguments: words.map { $0.replacingOccurrences(of: "FOLDER", with: folder.url.path) })
        try daemon.launch()
        try await eventually(within: 60, "the cookie") { FileManager.default.fileExists(atPath: folder.url.path + "/key") }
        #expect(!FileManager.default.fileExists(atPath: daemon.networkDirectory + "/.cookie"))
        let cookie = text(folder.url.appendingPathComponent("key"))
        let calls = [
            (cookie, "getblockcount", "200"), ("carol:pass:word", "getblockcount", "200"), ("carol:pass:word", "uptime", "403"), ("carol:password", "getblockcount", "401"),
            ("rt:cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM=", "uptime", "200"), ("rt:wrong", "uptime", "401"), ("dave:" + lines[3], "uptime", "200"), ("nobody:pass:word", "uptime", "401"),
        ]
        for (user, method, expected) in calls { #expect(try await status(daemon, user, method) == expected, "\(user) \(method)") }
        let client = try await Programs.run("flowcoin-cli", daemon.clientArguments + ["-rpccookiefile=\(folder.url.path)/key", "stop"])
        #expect(client.status == 0, "\(client.errors)")
        try await eventually(within: 60, "the end, and no cookie left") { !FileManager.default.fileExists(atPath: folder.url.path + "/key") }
    }

    @Test func whoHasNoListMayCallNothingWhereOthersHaveOne() async throws {
        let account = RPCAccount(user: "erin", password: "p")
        try await withNode(["-rpcauth=\(account.text)", "-rpcwhitelist=__cookie__:getblockcount,stop"]) { (daemon, _) async throws in
            #expect(try await status(daemon, "erin:p", "getblockcount") == "403")
            #expect(try await daemon.call("getblockcount").integer == 0)
            #expect(try await status(daemon, text(URL(fileURLWithPath: daemon.networkDirectory + "/.cookie")), "uptime") == "403")
        }
    }

    @Test func anotherAddressAnswersWhomItShould() async throws {
        try await withNode(["-rpcbind=127.0.0.2", "-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.0/8", "-rpcworkqueue=2", "-rpcservertimeout=5"]) { (daemon, _) async throws in
            let cookie = text(URL(fileURLWithPath: daemon.networkDirectory + "/.cookie"))
            #expect(try await status(daemon, cookie, "uptime", host: "127.0.0.2") == "200")
            #expect(try await status(daemon, cookie, "uptime", host: "[::1]") == "000")
        }
    }

    @Test func withoutAServerNothingAnswers() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1], arguments: ["-server=0"])
        try daemon.launch()
        try await eventually(within: 60, "the start") { text(URL(fileURLWithPath: daemon.log)).contains("rpc=off") }
        #expect(!FileManager.default.fileExists(atPath: daemon.networkDirectory + "/.cookie"))
        #expect(try await status(daemon, "a:b", "uptime") == "000")
        #expect(daemon.terminate() == 0)
    }

    @Test func theLogIsWhereAndAsMuchAsAskedFor() async throws {
        try await withNode(["-debug=rpc", "-debug=mempool", "-debugexclude=mempool", "-printtoconsole=0", "-debuglogfile=FOLDER/own.log"]) { (daemon, folder) async throws in
            #expect(text(URL(fileURLWithPath: daemon.log)).isEmpty)
            let log = folder.appendingPathComponent("own.log")
            #expect(text(log).contains("flowcoin.rpc: call method=getblockcount path=/ user=__cookie__"))
            let categories = try await daemon.call("logging", [], ["rpc"])
            #expect(categories["rpc"].bool == false && categories["mempool"].bool == false)
            let before = text(log).components(separatedBy: "method=uptime").count
            try await daemon.call("uptime")
            #expect(text(log).components(separatedBy: "method=uptime").count == before)
            #expect(try await daemon.call("logging", ["all"])["net"].bool == true)
            await #expect(throws: RPCFailure.self) { try await daemon.call("logging", ["moon"]) }
            // Moved away by another program, it is opened anew.
            try FileManager.default.moveItem(at: log, to: folder.appendingPathComponent("old.log"))
            daemon.hangUp()
            try await eventually(within: 30, "a new file") {
                try await daemon.call("uptime")
                return text(log).contains("method=uptime")
            }
        }
    }

    @Test func theLogStandsInTheNetworksFolder() async throws {
        try await withNode([]) { (daemon, _) async throws in #expect(text(URL(fileURLWithPath: daemon.networkDirectory + "/debug.log")).contains("ready")) }
        try await withNode(["-nodebuglogfile"]) { (daemon, _) async throws in #expect(!FileManager.default.fileExists(atPath: daemon.networkDirectory + "/debug.log")) }
    }

    @Test func commandsAreRun() async throws {
        let arguments = [
            "-blocknotify=echo %s >> FOLDER/blocks", "-walletnotify=echo %s %w %b %h >> FOLDER/wallet", "-startupnotify=echo up > FOLDER/up", "-shutdownnotify=sleep 0.2; echo down > FOLDER/down",
            "-alertnotify=echo %s >> FOLDER/alerts",
        ]
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1], arguments: arguments.map { $0.replacingOccurrences(of: "FOLDER", with: folder.url.path) })
        func lines(_ name: String) -> [String] { text(folder.url.appendingPathComponent(name)).split(separator: "\n").map(String.init) }
        try await daemon.start()
        try await eventually(within: 30, "the start") { lines("up") == ["up"] }
        try await daemon.call("createwallet", "w")
        let address = try #require(try await daemon.call("getnewaddress").string)
        let hashes = try #require(try await daemon.call("generatetoaddress", 101, .string(address)).array).compactMap(\.string)
        try await eventually(within: 60, "blocks") { Set(lines("blocks")) == Set(hashes) }
        try await eventually(within: 60, "coinbases") { lines("wallet").count == 101 && lines("wallet").contains { $0.hasSuffix(" w \(hashes[6]) 7") } }
        let txid = try #require(try await daemon.call("sendtoaddress", .string(address), 1).string)
        try await eventually(within: 60, "a payment") { lines("wallet").contains("\(txid) w unconfirmed -1") }
        let block = try #require(try await daemon.call("generatetoaddress", 1, .string(address)).array?.first?.string)
        try await eventually(within: 60, "its block") { lines("wallet").contains("\(txid) w \(block) 102") }
        #expect(Set(lines("wallet")).count == lines("wallet").count, "each once")
        try await daemon.stop()
        #expect(lines("down") == ["down"] && lines("alerts").isEmpty)
    }

    @Test func theIndexFindsTransactions() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1])
        try await daemon.start()
        try await daemon.call("createwallet", "w")
        let address = try #require(try await daemon.call("getnewaddress").string)
        let hash = try #require(try await daemon.call("generatetoaddress", 2, .string(address)).array?.first)
        let txid = try #require(try await daemon.call("getblock", .string(hash.string ?? ""))["tx"].array?.first?.string)
        #expect(try await daemon.call("getindexinfo").printed == "{}")
        do {
            _ = try await daemon.call("getrawtransaction", .string(txid))
            Issue.record("found without an index")
        } catch let error as RPCFailure {
            #expect(error.code == -5 && error.message.contains("-txindex"))
        }
        try await daemon.stop()
        try await daemon.start(["-txindex"])
        try await eventually(within: 60, "the index") { try await daemon.call("getindexinfo")["txindex"]["synced"].bool == true }
        #expect(try await daemon.call("getindexinfo", "txindex")["txindex"]["best_block_height"].integer == 2)
        #expect(try await daemon.call("getindexinfo", "other").printed == "{}")
        let found = try await daemon.call("getrawtransaction", .string(txid), true)
        #expect(found["blockhash"].string == hash.string && found["confirmations"].integer == 2)
        let next = try #require(try await daemon.call("generatetoaddress", 1, .string(address)).array?.first?.string)
        let last = try #require(try await daemon.call("getblock", .string(next))["tx"].array?.first?.string)
        #expect(try await daemon.call("getrawtransaction", .string(last), true)["blockhash"].string == next)
        // A block that is left holds nothing any more.
        try await daemon.call("invalidateblock", .string(next))
        await #expect(throws: RPCFailure.self) { try await daemon.call("getrawtransaction", .string(last)) }
        try await daemon.stop()
    }

    @Test func whatWaitsIsForgottenWhereAskedFor() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1], arguments: ["-disablewallet=0"])
        try await daemon.start()
        try await daemon.call("createwallet", "w")
        let address = try #require(try await daemon.call("getnewaddress").string)
        try await daemon.call("generatetoaddress", 101, .string(address))
        let txid = try #require(try await daemon.call("sendtoaddress", .string(address), 1).string)
        try await daemon.stop()
        try await daemon.start(["-persistmempool=0", "-disablewallet"])
        #expect(try await daemon.call("getrawmempool").array?.isEmpty == true)
        try await daemon.stop()
        try await daemon.start(["-persistmempool", "-disablewallet", "-maxmempool=7", "-mempoolexpiry=1"])
        #expect(try await daemon.call("getrawmempool").array?.map(\.string) == [txid])
        #expect(try await daemon.call("getmempoolinfo")["maxmempool"].integer == 7_000_000)
        // Two hours on, it has waited too long.
        try await daemon.call("setmocktime", .integer(Int64(Date().timeIntervalSince1970) + 7_200))
        try await eventually(within: 60, "it is dropped") { try await daemon.call("getrawmempool").array?.isEmpty == true }
        await #expect(throws: RPCFailure.self) { try await daemon.call("setmocktime", -1) }
        try await daemon.stop()
    }

    @Test func connectionsAreBounded() async throws {
        try await withNode(["-maxconnections=0", "-dbcache=8", "-par=-1"]) { (daemon, folder) async throws in
            let ports = try FreePorts.take(2)
            let other = Daemon(dataDirectory: folder.appendingPathComponent("o").path, port: ports[0], rpcPort: ports[1], arguments: ["-connect=127.0.0.1:\(daemon.port)"])
            try await other.start()
            try await Task.sleep(for: .seconds(1))
            #expect(try await daemon.call("getconnectioncount").integer == 0)
            #expect(try await other.call("getconnectioncount").integer == 0)
            try await other.stop()
        }
    }

    @Test func inTheBackgroundTheLogIsItsFile() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let words = ["-regtest", "-datadir=\(folder.folder("n"))", "-rpcport=\(ports[1])"]
        let start = try await Programs.run("flowcoind", words + ["-port=\(ports[0])", "-daemon", "-debuglogfile=other.log"], timeout: 120)
        #expect(start.status == 0 && start.output == "FlowCoin server starting\n", "\(start.errors)")
        #expect(text(folder.url.appendingPathComponent("n/regtest/other.log")).components(separatedBy: "flowcoind: ready").count == 2)
        #expect(try await Programs.run("flowcoin-cli", words + ["-rpcwait", "stop"]).status == 0)
        try await eventually(within: 60, "the end") { try await Programs.run("flowcoin-cli", words + ["uptime"]).status != 0 }
    }
}
