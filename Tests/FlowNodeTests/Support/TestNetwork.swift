@testable import FlowConsensus
import FlowCrypto
@testable import FlowModel
import FlowStore
import FlowTensor
import Synchronization
@testable import FlowNode

/// A network small enough that a block takes milliseconds.
enum TestNetwork {
    static let corpus = SyntheticCorpus(length: 100_000)
    static let corpusRoot: Hash256 = (try? corpus.blockingTree().root) ?? .zero
    /// Another text, for amendments.
    static let secondCorpus = SyntheticCorpus(length: 120_000)
    static let secondReference = CorpusReference(length: secondCorpus.length, root: (try? secondCorpus.blockingTree().root) ?? .zero)

    /// Nearly every ticket wins.
    static let easy = CompactTarget(bits: 0x2100_ffff)
    /// Every second ticket wins.
    static let half = CompactTarget(bits: 0x207f_ffff)

    static func parameters(
        name: String = "test", powLimit: CompactTarget = easy, seed: UInt64 = 5, stepsPerBlock: UInt32 = 3, firstPayingStep: UInt32 = 1
    ) throws -> ChainParameters {
        var parameters = ChainParameters(
            name: name, magic: 0x7e57_0cf1, p2pPort: 39555, rpcPort: 39556, addressPrefix: "rfl",
            model: ModelShape(
                embeddingLength: 32, layerCount: 1, headCount: 2, expertCount: 4, expertWidth: 32, contextLength: 16, batchSize: 2),
            training: TrainingParameters(
                stepsPerBlock: stepsPerBlock, firstPayingStep: firstPayingStep, initialisationSeed: seed,
                peakLearningRate: [LearningRateStage(height: 0, units: 2_048)], warmupSteps: 4),
            powLimit: powLimit, retargets: false, corpusLength: corpus.length, corpusRoot: corpusRoot,
            genesisTime: 1_774_051_200, genesisMessage: "test", genesisModelRoot: .zero)
        let state = ModelState(initialising: try ModelConfiguration(parameters), seed: seed)
        parameters.genesisModelRoot = state.root()
        return try parameters.validated()
    }

    static func environment(
        _ parameters: ChainParameters, backend: any MatrixBackend = ReferenceBackend(), threads: Int = 1
    ) throws -> TrainingEnvironment {
        try TrainingEnvironment(
            parameters: parameters, corpora: [CheckedCorpus { () throws(CorpusError) in corpus }, CheckedCorpus { () throws(CorpusError) in secondCorpus }],
            backend: backend, pool: ThreadPool(threads: threads))
    }

    static func chain(
        _ parameters: ChainParameters, store: any KeyValueStoring = MemoryStore(), clock: TestClock = TestClock(),
        backend: any MatrixBackend = ReferenceBackend(), policy: MempoolPolicy = MempoolPolicy(), mark: DurableFile? = nil
    ) async throws -> ChainService {
        try await ChainService.open(
            store: store, environment: try environment(parameters, backend: backend), policy: policy, mark: mark, clock: { clock.now })
    }
}

/// A clock that stands until it is moved.
final class TestClock: Sendable {
    private let seconds = Mutex<UInt64>(1_780_000_000)
    var now: UInt64 { seconds.withLock { $0 } }
    func advance(_ by: UInt64) { seconds.withLock { $0 += by } }
}

/// A key with the program that pays to it.
struct TestKey {
    let key: Ed25519.PrivateKey
    let program: LockProgram

    init(_ number: UInt8) throws {
        key = try Ed25519.PrivateKey(seed: [UInt8](repeating: number, count: 32))
        program = LockProgram(publicKey: key.publicKey)
    }

    /// A signed payment that spends some outputs, all of this key.
    func payment(
        from coins: [(OutPoint, Coin)], to outputs: [TransactionOutput], genesis: Hash256, rulesRoot: Hash256 = .zero, lockTime: UInt32 = 0, sequence: UInt32 = 0xffff_fffe
    ) -> Transaction {
        var transaction = Transaction(
            inputs: coins.map { TransactionInput(outPoint: $0.0, sequence: sequence) }, outputs: outputs, lockTime: lockTime)
        let message = SignatureHash(transaction: transaction, spentOutputs: coins.map(\.1.output), domain: SignatureDomain(genesisHash: genesis, rulesRoot: rulesRoot))
        transaction.witnesses = coins.indices.map {
            Witness(publicKey: key.publicKey, signature: key.sign(message.digest(input: UInt32($0)).bytes))
        }
        return transaction
    }
}
