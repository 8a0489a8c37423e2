import FlowCrypto
import FlowEncoding
import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// What the node publishes over ZeroMQ, as Bitcoin Core's interface_zmq.py looks at it.
@Suite(.serialized) struct ZeroMQTests {
    @Test func blocksAndTransactionsArePublished() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(4)
        let addresses = [ports[2], ports[3]].map { "tcp://127.0.0.1:\($0)" }
        let topics = ["hashblock", "hashtx", "rawblock", "rawtx"]
        let daemon = Daemon(
            dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1],
            arguments: topics.map { "-zmqpub\($0)=\(addresses[0])" } + ["-zmqpubsequence=\(addresses[1])", "-zmqpubsequencehwm=0", "-zmqpubrawtx=ipc://\(folder.folder("socket"))"])
        try await daemon.start()
        let listed = try #require(try await daemon.call("getzmqnotifications").array)
        #expect(listed.count == 6 && listed.contains { $0["type"].string == "pubsequence" && $0["address"].string == addresses[1] && $0["hwm"].integer == 0 })
        try await daemon.call("createwallet", "w")
        let address = try #require(try await daemon.call("getnewaddress").string)
        let subscriber = try ZMTPSubscriber(port: ports[2], topics: topics), sequence = try ZMTPSubscriber(port: ports[3], topics: ["sequence"])
        // A subscription is in force once the publisher has read it, which nobody tells: the first blocks may be missed.
        try await Task.sleep(for: .seconds(1))
        var numbers: [String: UInt32] = [:]
        func next() throws -> (topic: String, body: String) {
            let message = try subscriber.next()
            #expect(message.number == numbers[message.topic] ?? 0, "\(message.topic)")
            numbers[message.topic] = message.number + 1
            return (message.topic, Hex.encode(message.body))
        }
        func announced() throws -> String { Hex.encode(try sequence.next().body) }
        for hash in try #require(try await daemon.call("generatetoaddress", 101, .string(address)).array).compactMap(\.string) {
            let raw = try #require(try await daemon.call("getblock", .string(hash), 0).string)
            let txid = try #require(try await daemon.call("getblock", .string(hash))["tx"].array?.first?.string)
            let coinbase = try #require(try await daemon.call("getrawtransaction", .string(txid), false, .string(hash)).string)
            let got = try (0..<4).map { _ in try next() }
            #expect(got.map(\.topic) == ["hashtx", "rawtx", "hashblock", "rawblock"] && got.map(\.body) == [txid, coinbase, hash, raw])
            #expect(try announced() == hash + "43")
        }
        let txid = try #require(try await daemon.call("sendtoaddress", .string(address), 1).string)
        let (first, second) = (try next(), try next())
        #expect(first == ("hashtx", txid) && second.topic == "rawtx")
        let arrival = try sequence.next().body
        #expect(Hex.encode(Array(arrival.prefix(33))) == txid + "41" && arrival.count == 41)
        let number = arrival.suffix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let pool = try await daemon.call("getrawmempool", false, true)
        #expect(pool["mempool_sequence"].unsigned == number + 1 && pool["txids"].array?.first?.string == txid)
        // A block takes it: its id comes again, and nothing leaves the pool. The block is left: it comes back.
        let block = try #require(try await daemon.call("generatetoaddress", 1, .string(address)).array?.first?.string)
        #expect(try announced() == block + "43")
        try await daemon.call("invalidateblock", .string(block))
        #expect(try announced() == block + "44")
        let back = try sequence.next().body
        #expect(Hex.encode(Array(back.prefix(33))) == txid + "41" && back[33] == UInt8(truncatingIfNeeded: number + 1))
        let seen = try (0..<8).map { _ in try next() }
        #expect(seen.filter { $0.topic == "hashtx" && $0.body == txid }.count == 2, "in the block, and as it is left: \(seen.map(\.topic))")
        try await daemon.stop()
    }

    @Test func aTakenAddressEndsTheStart() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(1)
        let end = try await Programs.run(
            "flowcoind", ["-regtest", "-datadir=\(folder.folder("n"))", "-listen=0", "-rpcport=\(ports[0])", "-zmqpubhashblock=tcp://127.0.0.1:\(ports[0])", "-zmqpubrawtx=tcp://256.0.0.1:1"], timeout: 120)
        #expect(end.status != 0 && end.errors.contains("ZeroMQ cannot listen at tcp://256.0.0.1:1"), "\(end.errors)")
    }

    @Test func withoutPublicationsTheListIsEmpty() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1])
        try await daemon.start()
        #expect(try await daemon.call("getzmqnotifications").array?.isEmpty == true)
        try await daemon.stop()
    }
}
