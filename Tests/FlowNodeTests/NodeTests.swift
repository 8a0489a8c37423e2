import FlowConsensus
import FlowCrypto
@testable import FlowP2P
import FlowStore
import Foundation
import TestSupport
@testable import FlowRPC
import Testing

@testable import FlowNode

@Suite struct NodeTests {
    @Test func twoNodesOverLoopbackHaveTheSameTipModelAndCoins() async throws {
        let parameters = try TestNetwork.parameters()
        let (left, right) = (try TemporaryFolder(), try TemporaryFolder())
        var configuration = NodeConfiguration(parameters: parameters, dataDirectory: left.path)
        configuration.listenHost = "127.0.0.1"
        configuration.listenPort = 0
        configuration.threads = 1
        let first = try await Node(configuration)
        let key = try TestKey(1)
        // Some blocks before the other node comes, so that it has to catch up.
        _ = try await first.miner.mine(5, paying: key.program)
        configuration.dataDirectory = right.path
        configuration.connect = ["127.0.0.1:\(try #require(first.listeningPort))"]
        let second = try await Node(configuration)
        try await eventually { await second.chain.tip().height == 5 }
        // New blocks of both sides are passed on.
        _ = try await first.miner.mine(2, paying: key.program)
        try await eventually { await second.chain.tip().height == 7 }
        _ = try await second.miner.mine(2, paying: key.program)
        try await eventually { await first.chain.tip().height == 9 }
        try await expectSame(first.chain, second.chain)
        #expect(first.network.peers().count == 1 && second.network.peers().count == 1)
        await second.stop()
        await first.stop()
    }

    @Test func answersOverRPC() async throws {
        let directory = try TemporaryFolder()
        var configuration = NodeConfiguration(parameters: try TestNetwork.parameters(), dataDirectory: directory.path)
        configuration.listens = false
        let node = try await Node(configuration)
        let address = try Address(program: try TestKey(3).program, prefix: "rfl").description
        let hashes = try await call(node, "generatetoaddress", [2, .string(address)])
        #expect(hashes.arrayValue?.count == 2)
        #expect(try await call(node, "getblockcount", []) == 2)
        let info = try await call(node, "getblockchaininfo", [])
        #expect(info["bestblockhash"] == hashes[1])
        let block = try await call(node, "getblock", [hashes[1] ?? .null, 2])
        #expect(block["tx"]?[0]?["vout"]?[0]?["value"] == .number("50.00000000"))
        #expect(block["tx"]?[0]?["vout"]?[0]?["scriptPubKey"]?["address"] == .string(address))
        let model = try await call(node, "getmodelinfo", [10])
        #expect(model["modelroot"] == block["resultroot"])
        #expect(model["losshistory"]?.arrayValue?.count == 3)
        let training = try await call(node, "gettraininginfo", [])
        #expect(training["height"] == 2 && training["steps"] == 6 && training["corpusheight"] == 1)
        #expect(training["replayedsteps"] == 6, "its own blocks too, each once")
        let share = try #require(training["zerorowshare"]?.doubleValue), epochs = try #require(training["epochs"]?.doubleValue)
        let tokens = try #require(training["tokens"]?.doubleValue), bytes = try #require(training["trainingbytes"]?.doubleValue)
        #expect((0..<1).contains(share) && tokens > 0 && abs(epochs - tokens / bytes) < 1e-9)
        let template = try await call(node, "getblocktemplate", [])
        #expect(template["modelroot"] == model["modelroot"])
        #expect(template["learningrateunits"]?.arrayValue?.count == 3)
        let later = try Address(program: LockProgram(version: 1, bytes: [UInt8](repeating: 2, count: 32)), prefix: "rfl").description
        let valid = try await call(node, "validateaddress", [.string(later)])
        #expect(valid["isvalid"] == true && valid["ispayable"] == false && valid["witness_version"] == 1)
        #expect(try await call(node, "validateaddress", [.string(address)])["ispayable"] == true)
        let file = directory.path + "/model.gguf"
        _ = try await call(node, "exportmodel", [.string(file), "f32"])
        #expect(FileManager.default.fileExists(atPath: file))
        for method in node.rpc.methodNames where !["stop", "generatetoaddress", "exportmodel"].contains(method) && !method.hasPrefix("waitfor") {
            // Whatever the arguments, an answer comes.
            for arguments: JSONValue in [[], ["x"], [-1], [[:]], ["00", "x", true], [1e300.json, "", nil]] {
                let request: JSONValue = ["method": .string(method), "params": arguments, "id": 1]
                _ = try JSONParser.parse(await node.rpc.handle(body: request.encodedBytes).body)
            }
        }
        await node.stop()
    }

    /// Bans and places of other nodes outlive a restart; what does not decode is forgotten.
    @Test func remembersItsNetwork() async throws {
        let directory = try TemporaryFolder()
        var configuration = NodeConfiguration(parameters: try TestNetwork.parameters(), dataDirectory: directory.path)
        configuration.listens = false
        let range = NetworkRange(host: "203.0.113.7")
        let node = try await Node(configuration)
        node.network.ban(range)
        #expect(node.network.configuration.automaticOutbound == 8)
        await node.stop()
        configuration.connect = ["127.0.0.1:1"]
        let again = try await Node(configuration)
        #expect(again.network.bans()[range] != nil)
        #expect(again.network.configuration.automaticOutbound == 0)
        again.network.unban(range)
        await again.stop()
        let third = try await Node(configuration)
        #expect(third.network.bans().isEmpty)
        await third.stop()

        let store = MemoryStore()
        let memory = PeerMemory(store: store)
        #expect(memory.addressBook.count == 0 && memory.bans.entries(at: 0).isEmpty)
        var book = AddressBook()
        let place = try #require(PeerEndpoint("1.2.3.4:9555", defaultPort: 1))
        book.add([PeerAddress(time: 1_780_000_000, services: [.blocks], network: .ipv4, address: [1, 2, 3, 4], port: 9555)], now: 1_780_000_000)
        memory.write(ban: range, until: 2_000_000_000)
        memory.write(ban: NetworkRange(host: "203.0.113.8"), until: 2_000_000_001)
        try memory.write(book, now: 1)
        #expect(memory.addressBook.contains(place) && memory.bans.entries(at: 5) == [range: 2_000_000_000, NetworkRange(host: "203.0.113.8"): 2_000_000_001])
        try memory.write(book, now: 2_000_000_000)
        #expect(memory.bans.entries(at: 0) == [NetworkRange(host: "203.0.113.8"): 2_000_000_001], "what is over is forgotten")
        var damage = WriteBatch()
        damage.put(StoreKey.addressBook, [0xff, 0xff, 0xff])
        damage.put(StoreKey.ban("203.0.113.8"), [1, 2, 3])
        damage.put(StoreKey.ban("203.0.113.9/99"), [UInt8](repeating: 0x7f, count: 8))
        try store.write(damage, sync: true)
        #expect(memory.addressBook.count == 0 && memory.bans.entries(at: 0).isEmpty)
    }

    /// Killed at any moment after it, a node comes back with a ban, and keeps out every peer of the range: those that come and those that it would
    /// go to, written as IPv4 or inside IPv6.
    @Test func aBannedRangeStaysOutAfterAKill() async throws {
        let directory = try TemporaryFolder(), parameters = try TestNetwork.parameters()
        var configuration = NodeConfiguration(parameters: parameters, dataDirectory: directory.path("first"))
        configuration.listenPort = 0
        configuration.listenHost = "127.0.0.1"
        let first = try await Node(configuration)
        let connection = ConnectionParameters(genesisHash: parameters.genesisHash, services: [.blocks], userAgent: "/stranger:1/", nonce: 7)
        let stranger = PeerNetwork(configuration: PeerNetworkConfiguration(magic: parameters.magic, connection: connection))
        let peer = try await stranger.connectOnce(host: "127.0.0.1", port: try #require(first.listeningPort))
        first.network.ban(try #require(NetworkRange("127.0.0.0/8")), for: .seconds(1_000))
        try await eventually { stranger.peer(peer) == nil }
        // What a kill leaves is what the files hold at that moment.
        try FileManager.default.copyItem(atPath: directory.path("first"), toPath: directory.path("second"))
        configuration.dataDirectory = directory.path("second")
        let second = try await Node(configuration)
        #expect(second.network.bans() == first.network.bans() && second.network.bans().count == 1)
        let port = try #require(second.listeningPort)
        await #expect(throws: PeerNetworkError.self) { try await stranger.connectOnce(host: "127.0.0.1", port: port) }
        for host in ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1"] {
            let place = PeerEndpoint(host: host, port: try #require(first.listeningPort))
            await #expect(throws: PeerNetworkError.banned(place)) { try await second.network.connectOnce(host: place.host, port: place.port) }
        }
        second.network.unban(try #require(NetworkRange("127.0.0.0/8")))
        try FileManager.default.copyItem(atPath: directory.path("second"), toPath: directory.path("third"))
        configuration.dataDirectory = directory.path("third")
        let third = try await Node(configuration)
        #expect(third.network.bans().isEmpty)
        _ = try await stranger.connectOnce(host: "127.0.0.1", port: try #require(third.listeningPort))
        await stranger.stop()
        for node in [first, second, third] { await node.stop() }
    }

    @Test func refusesForeignLockedAndMismatched() async throws {
        let directory = try TemporaryFolder()
        let parameters = try TestNetwork.parameters()
        var configuration = NodeConfiguration(parameters: parameters, dataDirectory: directory.path)
        configuration.listens = false
        let node = try await Node(configuration)
        await expect(.lockedDataDirectory) { try await Node(configuration) }
        await node.stop()
        var other = configuration
        other.parameters = try TestNetwork.parameters(seed: 6)
        await expect(.foreignDataDirectory) { try await Node(other) }

        let texts = try TemporaryFolder()
        try String(repeating: "a text of one's own. ", count: 5_000).write(toFile: texts.path + "/a.txt", atomically: true, encoding: .utf8)
        other = configuration
        other.corpora = [.directory(texts.path)]
        await expect(.corpusMismatch) { try await Node(other) }
        other.corpora = [.directory(texts.path + "/missing")]
        await expect(.corpusMissing) { try await Node(other) }
        // A network that replaces its corpus becomes another one, so the old directory is foreign and a new one works.
        other.corpora = [.directory(texts.path)]
        other.replacesCorpus = true
        await expect(.foreignDataDirectory) { try await Node(other) }
        let fresh = try TemporaryFolder()
        other.dataDirectory = fresh.path
        let own = try await Node(other)
        #expect(own.parameters.genesisHash != parameters.genesisHash)
        await own.stop()

        other = configuration
        other.connect = ["a b"]
        await expect(.configuration) { try await Node(other) }
    }

    @Test func namesAPortInUse() async throws {
        let (left, right) = (try TemporaryFolder(), try TemporaryFolder())
        var configuration = NodeConfiguration(parameters: try TestNetwork.parameters(), dataDirectory: left.path)
        configuration.listenHost = "127.0.0.1"
        configuration.listenPort = 0
        let node = try await Node(configuration)
        configuration.dataDirectory = right.path
        configuration.listenPort = node.listeningPort
        await expect(.portInUse) { try await Node(configuration) }
        // The failed start let go of its directory.
        configuration.listenPort = 0
        let second = try await Node(configuration)
        await second.stop()
        await node.stop()
    }

    private func expect(_ code: NodeError.Code, _ body: () async throws -> Node, sourceLocation: SourceLocation = #_sourceLocation) async {
        do {
            let node = try await body()
            Issue.record("expected \(code)", sourceLocation: sourceLocation)
            await node.stop()
        } catch let error as NodeError {
            #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        } catch {
            Issue.record("expected a NodeError, got \(error)", sourceLocation: sourceLocation)
        }
    }

    private func call(_ node: Node, _ method: String, _ arguments: JSONValue) async throws -> JSONValue {
        let request: JSONValue = ["method": .string(method), "params": arguments, "id": 1]
        let reply = try JSONParser.parse(await node.rpc.handle(body: request.encodedBytes).body)
        #expect(reply["error"] == .null, "\(method): \(reply.text)")
        return reply["result"] ?? .null
    }
}

extension Double {
    fileprivate var json: JSONValue { .double(self) }
}
