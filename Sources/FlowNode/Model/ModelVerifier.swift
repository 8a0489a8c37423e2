public import FlowConsensus
public import FlowCrypto
public import FlowModel
public import FlowTensor

/// Replays the training of blocks for the rules: the bridge from FlowConsensus to FlowModel. Blocks the calling thread for
/// as long as the training takes; one claim at a time.
///
/// A digest is called false only after the own starting weights proved right and other kernels said the same; else
/// the verdict is `unreplayable`, and nobody is blamed.
public final class ModelVerifier: TrainingVerifier {
    private let engine: ReplayEngine
    private let weights: (Hash256) throws -> ModelState?

    /// - Parameters:
    ///   - sampler: draws from the network's corpus
    ///   - weights: the weights after a block's training, by the block's hash, grown where the next height calls for it; nil
    ///     when they are not known
    /// - Throws: `NodeError` when the parameters name no model
    public init(
        parameters: ChainParameters, sampler: BatchSampler, backend: any MatrixBackend, pool: ThreadPool = .single,
        weights: @escaping (Hash256) throws -> ModelState?
    ) throws(NodeError) {
        engine = ReplayEngine(
            environment: try TrainingEnvironment(
                parameters: parameters, corpus: sampler.corpus, backend: backend, pool: pool))
        self.weights = weights
    }

    public func verify(_ claim: TrainingClaim) throws -> TrainingVerdict {
        guard let parent = try weights(claim.parentHash) else {
            return .unreplayable(reason: "the weights after block \(claim.parentHash) are not known; replay that block first")
        }
        switch engine.replay(claim, parent: parent, cancel: CancellationFlag()).outcome {
        case .valid(let result): return .valid(resultRoot: result.root)
        case .wrongDigest(let step, let expected, let actual): return .invalid(step: step, expected: expected, actual: actual)
        case .endsTrajectory(let step, let reason): return .endsTrajectory(step: step, reason: reason)
        case .preempted: return .unreplayable(reason: "the replay was stopped")
        case .localFault(let fault): return .unreplayable(reason: fault.description)
        }
    }
}
