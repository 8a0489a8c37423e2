import FlowConsensus
import FlowCrypto
import FlowModel
import FlowStore
import FlowTensor
import Foundation
import TestSupport
import Testing

@testable import FlowNode

@Suite struct ModelVaultTests {
    private let store = MemoryStore()
    private let vault: ModelVault
    private let weights: ModelState
    private let root: Hash256

    init() throws {
        let parameters = try TestNetwork.parameters()
        let environment = try TestNetwork.environment(parameters)
        vault = ModelVault(store: ChainStore(store: store), environment: environment)
        weights = ModelState(initialising: environment.stage(at: 1).configuration, seed: parameters.training.initialisationSeed)
        root = parameters.genesisModelRoot
        try vault.refresh(state: weights, block: parameters.genesisHash, dropping: [])
    }

    private func load(expecting root: Hash256) throws -> ModelState {
        try vault.loadBase(try #require(try vault.base()), height: 0, expectedRoot: root)
    }

    @Test func snapshotGivesTheSameBits() throws {
        #expect(try load(expecting: root).hasSameBits(as: weights))
    }

    @Test func anotherRootIsRefused() throws {
        let error = try #require(throws: NodeError.self) { _ = try load(expecting: .zero) }
        #expect(error.code == .storeCorrupted && error.message.contains("\(root)"))
    }

    /// One bit of one weight, a piece that is missing, cut short, or too long.
    @Test(arguments: ["bit", "missing", "short", "long"]) func damagedSnapshotIsRefused(kind: String) throws {
        let base = try #require(try vault.base())
        let first = StoreKey.base(base.generation, piece: 0)
        var piece = try #require(try store.get(first))
        var batch = WriteBatch()
        switch kind {
        case "bit":
            piece[piece.count / 2] ^= 1
            batch.put(first, piece)
        case "missing": batch.delete(first)
        case "short": batch.put(first, Array(piece.dropLast()))
        default: batch.put(first, piece + [0])
        }
        try store.write(batch, sync: false)
        let error = try #require(throws: NodeError.self) { try load(expecting: root) }
        #expect(error.code == .storeCorrupted && error.message.contains("base snapshot"))
    }

    /// Mainnet's first weights, 3.3 GB, need 7 GiB of memory and of disk: FLOW_MAINNET_SNAPSHOT adds them.
    private static let networks =
        [ChainParameters.testnet]
        + (ProcessInfo.processInfo.environment["FLOW_MAINNET_SNAPSHOT"] == nil ? [] : [ChainParameters.mainnet])

    /// A network's first weights to a store on disk and back; prints how long that takes.
    @Test(arguments: networks) func snapshotOnDisk(network: ChainParameters) throws {
        var parameters = try TestNetwork.parameters()
        parameters.model = network.model
        let environment = try TestNetwork.environment(parameters, threads: 2)
        let weights = ModelState(
            initialising: environment.stage(at: 1).configuration, seed: network.training.initialisationSeed,
            pool: environment.pool)
        let folder = try TemporaryFolder()
        let store = try KeyValueStore(path: folder.path, createIfMissing: true)
        let vault = ModelVault(store: ChainStore(store: store), environment: environment)
        let clock = ContinuousClock()
        let written = try clock.measure { try vault.refresh(state: weights, block: .zero, dropping: []) }
        let base = try #require(try vault.base())
        var loaded: ModelState?
        for _ in 0..<6 {
            loaded = nil
            let read = try clock.measure {
                loaded = try vault.loadBase(base, height: 0, expectedRoot: network.genesisModelRoot)
            }
            #expect(loaded?.hasSameBits(as: weights) == true)
            print("\(network.name)'s snapshot: written in \(written), loaded in \(read)")
        }
        store.close()
    }
}
