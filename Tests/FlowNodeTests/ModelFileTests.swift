@testable import FlowConsensus
@testable import FlowCrypto
import FlowGGUF
import FlowModel
import Foundation
import Synchronization
import TestSupport
import FlowRPC
import Testing

@testable import FlowNode

/// `model.gguf` in the data directory.
@Suite struct ModelFileTests {
    private func configuration(_ directory: TemporaryFolder, _ format: ExportFormat?) throws -> NodeConfiguration {
        var configuration = NodeConfiguration(parameters: try TestNetwork.parameters(), dataDirectory: directory.path)
        configuration.listens = false
        configuration.threads = 1
        configuration.modelFile = format
        return configuration
    }

    private func names(_ directory: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasPrefix("model") }.sorted()
    }

    private func inode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    }

    @Test func theFileFollowsTheTip() async throws {
        let directory = try TemporaryFolder()
        let path = directory.path + "/model.gguf"
        let node = try await Node(configuration(directory, .f32))
        try await eventually { ModelFile(path: path)?.height == 0 }
        let genesis = try GGUFFile(mapping: path)
        _ = try await node.miner.mine(3, paying: try TestKey(1).program)
        // What the node says comes after what is on disk.
        let request: JSONValue = ["method": "getmodelinfo", "params": [], "id": 1]
        func modelInfo() async throws -> JSONValue? { try JSONParser.parse(await node.rpc.handle(body: request.encodedBytes).body)["result"] }
        try await eventually { try await modelInfo()?["file"]?["height"] == 3 }

        let (tip, weights) = await node.chain.modelSnapshot()
        let file = try #require(ModelFile(path: path))
        #expect(file.blockHash == tip.hash && file.modelRoot == tip.resultRoot && file.format == .f32)
        let gguf = try GGUFFile(mapping: path)
        try gguf.checkModel(weights: true)
        #expect(gguf.metadata["flowcoin.network"] == .string("test"))
        #expect(gguf.metadata["flowcoin.genesis_hash"] == .string(node.chain.genesisHash.displayHex))
        for tensor in weights.configuration.tensors {
            let info = try #require(gguf.tensor(tensor.name))
            #expect(try gguf.floats(of: info).map(\.bitPattern) == weights.elements(of: tensor).map(\.bitPattern))
        }
        // Who had the old file open still has it.
        #expect(genesis.metadata["flowcoin.height"] == .uint32(0))
        try genesis.checkModel(weights: true)

        let info = try await modelInfo()
        #expect(info?["file"]?["path"] == .string(path))
        #expect(info?["file"]?["type"] == "f32")
        #expect(info?["file"]?["height"] == 3)
        #expect(info?["file"]?["blockhash"] == .string(tip.hash.displayHex))
        #expect(info?["file"]?["modelroot"] == info?["modelroot"])
        #expect(info?["file"]?["size"] == .integer(gguf.byteCount))
        #expect(info?["file"]?["current"] == true)
        #expect(info?["filewarning"] == nil)
        await node.stop()
        #expect(try names(directory) == ["model.gguf"])
    }

    @Test func withoutTheOptionThereIsNoFile() async throws {
        let directory = try TemporaryFolder()
        let node = try await Node(configuration(directory, nil))
        _ = try await node.miner.mine(1, paying: try TestKey(1).program)
        let request: JSONValue = ["method": "getmodelinfo", "params": [], "id": 1]
        let info = try JSONParser.parse(await node.rpc.handle(body: request.encodedBytes).body)["result"]
        #expect(info?["file"] == .null)
        try await Task.sleep(for: .seconds(1))
        await node.stop()
        #expect(try names(directory) == [])
    }

    @Test func aStartRemovesLeftoversAndWritesOnlyWhatIsNotCurrent() async throws {
        let directory = try TemporaryFolder()
        let path = directory.path + "/model.gguf"
        var node = try await Node(configuration(directory, .f16))
        try await eventually { ModelFile(path: path)?.format == .f16 }
        await node.stop()
        let first = try inode(path)
        // What a killed process leaves, and what is somebody else's.
        for name in ["model.gguf.tmp-aB3x9Z", "model.gguf.tmp-000000", "model.gguf.old", "my-model.gguf.tmp-aB3x9Z"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: directory.path + "/" + name))
        }
        node = try await Node(configuration(directory, .f16))
        #expect(try names(directory) == ["model.gguf", "model.gguf.old"])
        #expect(FileManager.default.fileExists(atPath: directory.path + "/my-model.gguf.tmp-aB3x9Z"))
        try await Task.sleep(for: .seconds(1))
        #expect(try inode(path) == first)
        await node.stop()
        // Another format, then a file that somebody cut.
        node = try await Node(configuration(directory, .q8_0))
        try await eventually { ModelFile(path: path)?.format == .q8_0 }
        await node.stop()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.dropLast(100).write(to: URL(fileURLWithPath: path))
        node = try await Node(configuration(directory, .q8_0))
        try await eventually { try Data(contentsOf: URL(fileURLWithPath: path)) == whole }
        await node.stop()
    }

    /// The room on a disk.
    private final class Room: Sendable {
        private let value = Mutex(Int.max)
        var byteCount: Int {
            get { value.withLock { $0 } }
            set { value.withLock { $0 = newValue } }
        }
    }

    private func warning(_ events: AsyncStream<NodeEvent>) async -> NodeError? {
        for await event in events { if case .warning(let error) = event { return error } }
        return nil
    }

    @Test func aDiskWithoutRoomKeepsTheOldFile() async throws {
        let directory = try TemporaryFolder()
        let chain = try await TestNetwork.chain(TestNetwork.parameters())
        let room = Room()
        let keeper = ModelFileKeeper(
            chain: chain, directory: directory.path, format: .f32, settling: .milliseconds(10),
            freeByteCount: { _ in room.byteCount })
        await keeper.start()
        try await eventually { await keeper.file?.height == 0 }
        room.byteCount = ModelFileKeeper.reserve + 1_000
        let old = try Data(contentsOf: URL(fileURLWithPath: keeper.path))
        let events = chain.events()
        let miner = MiningLoop(chain: chain)
        _ = try await miner.mine(1, paying: try TestKey(1).program)
        let warning = try #require(await warning(events))
        #expect(warning.code == .diskFull)
        for word in ["model.gguf", "MiB", "-modelexport"] { #expect(warning.message.contains(word)) }
        #expect(await keeper.warning?.code == .diskFull)
        #expect(await keeper.file?.height == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: keeper.path)) == old)
        #expect(try names(directory) == ["model.gguf"])
        // With room again the next tip is written.
        room.byteCount = .max
        _ = try await miner.mine(1, paying: try TestKey(1).program)
        try await eventually { await keeper.file?.height == 2 }
        #expect(await keeper.warning == nil)
        await keeper.stop()
        await chain.stop()
    }

    @Test func aFileThatCannotBeReplacedIsAWarning() async throws {
        let directory = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: directory.path + "/model.gguf/inside", withIntermediateDirectories: true)
        let chain = try await TestNetwork.chain(TestNetwork.parameters())
        let events = chain.events()
        let keeper = ModelFileKeeper(chain: chain, directory: directory.path, format: .f32, settling: .milliseconds(10))
        await keeper.start()
        let warning = try #require(await warning(events))
        #expect(warning.code == .export && "\(warning)".contains("model.gguf"))
        #expect(try names(directory) == ["model.gguf"])
        // The chain goes on.
        _ = try await MiningLoop(chain: chain).mine(1, paying: try TestKey(1).program)
        await keeper.stop()
        await chain.stop()
    }

    @Test func aCancelledWriteLeavesTheOldFile() throws {
        let directory = try TemporaryFolder()
        let path = directory.path + "/model.gguf"
        let configuration = try ModelConfiguration(TestNetwork.parameters())
        let state = ModelState(initialising: configuration, seed: 1)
        let export = ModelExport(configuration: configuration, format: .f32)
        try Data("old".utf8).write(to: URL(fileURLWithPath: path))
        var pieces = 0
        #expect(throws: GGUFError.cancelled) {
            try export.write(state, toFile: path) {
                pieces += 1
                return pieces == 3
            }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
        #expect(try names(directory) == ["model.gguf"])
    }
}
