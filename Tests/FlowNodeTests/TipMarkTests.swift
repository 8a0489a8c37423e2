import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P
import FlowStore
import Foundation
import TestSupport
import Testing

@testable import FlowNode

/// A database that lost its end looks like one that a crash tore; the mark beside it tells.
@Suite struct TipMarkTests {
    private func node(_ path: String, _ parameters: ChainParameters) async throws -> Node {
        var configuration = NodeConfiguration(parameters: parameters, dataDirectory: path)
        configuration.listenHost = "127.0.0.1"
        configuration.listenPort = 0
        configuration.threads = 1
        return try await Node(configuration)
    }

    /// The log that holds the last writes.
    private func log(in path: String) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: path + "/chain").filter { $0.hasSuffix(".log") }.sorted()
        return "\(path)/chain/\(try #require(names.last))"
    }

    @Test(arguments: ["a byte", "half", "all"]) func aLogThatWasCutIsNoticed(cut: String) async throws {
        let folder = try TemporaryFolder(), parameters = try TestNetwork.parameters()
        let whole = try await node(folder.path("whole"), parameters)
        _ = try await whole.miner.mine(6, paying: try TestKey(1).program)
        #expect(await whole.chain.warnings() == "")
        let mark = DurableFile(path: folder.path("whole/tip.mark"))
        try await eventually { try mark.read().map { try TipMark(decoding: $0).height } == 6 }
        // As a kill leaves it: the last block is the last thing in the log.
        try FileManager.default.copyItem(atPath: folder.path("whole"), toPath: folder.path("cut"))
        await whole.stop()
        let file = try log(in: folder.path("cut"))
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        switch cut {
        case "a byte": bytes.removeLast()
        case "half": bytes.removeLast(bytes.count / 2)
        default: bytes.removeAll()
        }
        try bytes.write(to: URL(fileURLWithPath: file))

        let shortened = try await node(folder.path("cut"), parameters)
        let height = await shortened.chain.tip().height
        #expect(height < 6)
        let warning = await shortened.chain.warnings()
        #expect(warning.contains("ends at height \(height)") && warning.contains("at height 6") && warning.contains("fetches blocks \(height + 1) to 6"), "\(warning)")
        #expect(warning.contains("lost-blocks"))
        // The way out: its peers have them.
        let other = try await node(folder.path("whole"), parameters)
        #expect(await other.chain.tip().height == 6)
        #expect(await other.chain.warnings() == "")
        shortened.network.connect(host: "127.0.0.1", port: try #require(other.listeningPort))
        try await eventually { await shortened.chain.tip().height == 6 }
        #expect(await shortened.chain.warnings() == "")
        try await expectSame(shortened.chain, other.chain)
        await shortened.stop()
        await other.stop()
        let again = try await node(folder.path("cut"), parameters)
        #expect(await again.chain.warnings() == "")
        await again.stop()
    }

    /// Whatever moment a kill chooses, the mark is behind the database or level with it.
    @Test func aKillIsNoDamage() async throws {
        let folder = try TemporaryFolder(inMemory: true), parameters = try TestNetwork.parameters()
        let running = try await node(folder.path("run"), parameters)
        let mining = Task { try await running.miner.mine(60, paying: try TestKey(1).program) }
        for kill in 0..<15 {
            // The mark first: what is copied after it may only be newer.
            let copy = folder.path("kill\(kill)")
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            try? FileManager.default.copyItem(atPath: folder.path("run/tip.mark"), toPath: copy + "/tip.mark")
            try FileManager.default.copyItem(atPath: folder.path("run/chain"), toPath: copy + "/chain")
            let again = try await node(copy, parameters)
            #expect(await again.chain.warnings() == "")
            await again.stop()
        }
        _ = try await mining.value
        await running.stop()
        let mark = try TipMark(decoding: try #require(try DurableFile(path: folder.path("run/tip.mark")).read()))
        #expect(mark.height == 60)
    }

    /// A mark that is damaged, foreign, or of a forgotten branch says nothing.
    @Test func aMarkIsBelievedOnlyWhereItIsWhole() async throws {
        let folder = try TemporaryFolder(), parameters = try TestNetwork.parameters()
        let file = DurableFile(path: folder.path("mark"))
        let chain = try await TestNetwork.chain(parameters, mark: file)
        _ = try await MiningLoop(chain: chain).mine(2, paying: try TestKey(1).program)
        await chain.stop()
        let bytes = try #require(try file.read())
        let mark = try TipMark(decoding: bytes)
        #expect(mark.encoded == bytes && mark.height == 2)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(throws: DecodingFault.self) { try TipMark(decoding: damaged) }
            #expect(throws: DecodingFault.self) { try TipMark(decoding: Array(bytes[..<index])) }
        }
        #expect(throws: DecodingFault.self) { try TipMark(decoding: bytes + [0]) }
        // A store that is new beside a mark has lost everything; beside a damaged one, or one of another network, nobody can tell.
        for (content, isLoss) in [(bytes, true), (Array(bytes.dropLast()), false), ([], false)] {
            try file.write(content)
            let empty = try await TestNetwork.chain(parameters, mark: file)
            #expect(await empty.warnings().contains("ends at height 0") == isLoss)
            await empty.stop()
        }
        try file.write(bytes)
        let other = try await TestNetwork.chain(try TestNetwork.parameters(name: "other"), mark: file)
        #expect(await other.warnings() == "")
        await other.stop()
    }
}
