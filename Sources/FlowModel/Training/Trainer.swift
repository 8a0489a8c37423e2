public import FlowCrypto
public import FlowTensor

/// Takes training steps: forward, backward and the sign-momentum update of Model.md, with the same bits on every backend and
/// for every number of threads.
///
/// Every call computes in the canonical floating-point state, on all its threads, and gives the caller's thread its own back: a host program cannot change
/// the bits, whatever it set its processor to.
///
/// Memory is allocated when the trainer is made and in its first step, for batches of the configuration's size. A trainer works on one step at a
/// time; use one for each thread that trains.
///
/// <!-- given configuration: ModelConfiguration, weights: ModelState, momentum: ModelState, batch: TokenBatch -->
/// ```swift
/// let trainer = Trainer(configuration: configuration, backend: ReferenceBackend(), pool: .single)
/// let report = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)
/// ```
public final class Trainer {
    public let configuration: ModelConfiguration
    public let backend: any MatrixBackend
    public let pool: ThreadPool
    let context: StepContext
    private let integers: QuantisedWeights
    private let embedding: EmbeddingLayer
    private let attention: [AttentionLayer]
    private let experts: [ExpertLayer]
    private let head: HeadLayer
    /// Gradient of the residual stream, T × d.
    private let residual: FixedBuffer<Float>
    private let inputs: FixedBuffer<Int32>
    private let targets: FixedBuffer<Int32>
    private let gradientMemory: FixedBuffer<Float>
    private lazy var digestLeaves = DigestLeaves(configuration, room: digestRoom)
    /// Bytes in which bits for digests are kept from one step to the next; read by the first digest.
    package var digestRoom = DigestLeaves.room

    public init(configuration: ModelConfiguration, backend: any MatrixBackend, pool: ThreadPool = .single) {
        let c = configuration
        self.configuration = c
        self.backend = backend
        self.pool = pool
        let context = StepContext(configuration: c, backend: backend, pool: pool)
        self.context = context
        integers = QuantisedWeights(c)
        let scratch = SharedScratch(c, chunks: context.chunks)
        let table = RotaryTable(headLength: c.headLength, positions: c.contextLength)
        embedding = EmbeddingLayer(c)
        attention = (0..<c.layerCount).map { AttentionLayer(c, layer: $0, scratch: scratch, table: table) }
        experts = (0..<c.layerCount).map { ExpertLayer(c, layer: $0, scratch: scratch) }
        head = HeadLayer(c, scratch: scratch)
        let t = c.tokensPerBatch
        residual = FixedBuffer<Float>(t * c.embeddingLength)
        inputs = FixedBuffer(t)
        targets = FixedBuffer(t)
        gradientMemory = FixedBuffer<Float>(Self.largestGroup(c))
    }

    /// One training step: `weights` and `momentum` are changed in place.
    ///
    /// - Parameters:
    ///   - weights: the model; every weight on the grid (Model.md).
    ///   - momentum: zeros at the start of a trajectory, then what the last step left.
    ///   - batch: exactly the configuration's windows and context.
    ///   - learningRateUnits: η in units of 2^−20.
    /// - Returns: the loss of the batch before the step, and the experts' load.
    /// - Throws: ``StepFault``. After one that arose in the mathematics, weights and momentum hold a part of the step and are
    ///   to be thrown away; faults of the arguments leave both as they were.
    public func step(
        weights: ModelState, momentum: ModelState, batch: TokenBatch, learningRateUnits: UInt32
    ) throws(StepFault) -> StepReport {
        try withCanonicalFloatingPoint { () throws(StepFault) in
            try step(weights, momentum, batch, learningRateUnits, digest: nil)
        }
    }

    /// The same step, and the digest of the momentum that it leaves (``MomentumDigest``), which costs less than after the step: numbers are taken while
    /// they are in the processor's caches.
    public func digestedStep(
        weights: ModelState, momentum: ModelState, batch: TokenBatch, learningRateUnits: UInt32
    ) throws(StepFault) -> (report: StepReport, digest: Hash256) {
        try withCanonicalFloatingPoint { () throws(StepFault) in
            let leaves = digestLeaves
            let report = try step(weights, momentum, batch, learningRateUnits, digest: leaves)
            return (report, leaves.close(momentum, pool: pool))
        }
    }

    private func step(
        _ weights: ModelState, _ momentum: ModelState, _ batch: TokenBatch, _ learningRateUnits: UInt32, digest: DigestLeaves?
    ) throws(StepFault) -> StepReport {
        try check(momentum)
        let t = try load(weights, batch, whole: true)
        try forward(weights, tokens: t)
        integers.beginChange()
        digest?.begin(momentum)
        weights.elementsChanged()
        momentum.elementsChanged()
        let report = try backward(
            weights, tokens: t,
            .update(
                weights: weights.base, momentum: momentum.base, rate: Float(learningRateUnits) * ModelState.gridUnit,
                digest: digest))
        integers.endChange(weights)
        return report
    }

    /// The gradient of the batch's loss (balancing included) for every weight; experts without a token have +0.
    public func gradients(weights: ModelState, batch: TokenBatch) throws(StepFault) -> (gradients: ModelState, report: StepReport) {
        try withCanonicalFloatingPoint { () throws(StepFault) in
            let t = try load(weights, batch, whole: true)
            let gradients = ModelState(zeros: configuration)
            try forward(weights, tokens: t)
            let report = try backward(weights, tokens: t, .store(gradients.base))
            return (gradients, report)
        }
    }

    /// The mean loss of a batch in nats a token, without training. At most the configuration's number of windows.
    public func loss(weights: ModelState, batch: TokenBatch) throws(StepFault) -> Double {
        try withCanonicalFloatingPoint { () throws(StepFault) in
            let t = try load(weights, batch, whole: false)
            if t == 0 { return 0 }
            try forward(weights, tokens: t)
            return head.loss(context, targets: targets.pointer, tokens: t)
        }
    }

    /// The loss of every position in nats, window by window, without training (Model.md, Loss).
    func tokenLosses(weights: ModelState, batch: TokenBatch) throws(StepFault) -> [Float] {
        try withCanonicalFloatingPoint { () throws(StepFault) in
            let t = try load(weights, batch, whole: false)
            if t == 0 { return [] }
            try forward(weights, tokens: t)
            _ = head.loss(context, targets: targets.pointer, tokens: t)
            return Array(UnsafeBufferPointer(start: head.losses.pointer, count: t))
        }
    }

    /// The logits of every position, tokens × vocabulary, without training.
    public func logits(weights: ModelState, batch: TokenBatch) throws(StepFault) -> [Float] {
        try withCanonicalFloatingPoint { () throws(StepFault) in
            let t = try load(weights, batch, whole: false)
            if t == 0 { return [] }
            try forward(weights, tokens: t)
            return Array(UnsafeBufferPointer(start: head.logits.pointer, count: t * configuration.vocabularySize))
        }
    }

    // MARK: The step

    private func backward(
        _ weights: ModelState, tokens t: Int, _ destination: GradientSink.Destination
    ) throws(StepFault) -> StepReport {
        let loss = head.loss(context, targets: targets.pointer, tokens: t)
        let sink = GradientSink(destination: destination, integers: integers)
        let w = UnsafePointer(weights.base)
        let dx = residual.pointer
        let places = configuration.layout

        var group = gradients(of: places.outputNorm..<places.count)
        try head.backward(context, weights: w, integers: integers, tokens: t, dx: dx, gradient: group)
        try sink.consume(context, group)
        for layer in (0..<configuration.layerCount).reversed() {
            group = gradients(of: places.layers[layer].attentionNorm..<places.layers[layer].gate)
            try experts[layer].backward(
                context, weights: w, integers: integers, tokens: t, dx: dx, gradient: group, sink: sink)
            try attention[layer].backward(
                context, weights: w, integers: integers, windows: t / configuration.contextLength, dx: dx, gradient: group)
            try sink.consume(context, group)
        }
        group = gradients(of: 0..<places.layers[0].attentionNorm)
        try embedding.backward(context, tokens: inputs.pointer, count: t, dx: dx, gradient: group)
        try sink.consume(context, group)

        return StepReport(
            loss: loss, balancingLoss: experts.reduce(0) { $0 + $1.balancingLoss(tokens: t) },
            expertCounts: experts.map { layer in (0..<configuration.expertCount).map { layer.routing.range($0).count } },
            zeroRowShare: context.takeZeroRowShare())
    }

    private func forward(_ weights: ModelState, tokens t: Int) throws(StepFault) {
        let w = UnsafePointer(weights.base)
        let windows = t / configuration.contextLength
        try integers.prepare(context, weights)
        embedding.forward(weights: w, tokens: inputs.pointer, count: t, output: attention[0].input.pointer)
        for layer in 0..<configuration.layerCount {
            try attention[layer].forward(
                context, weights: w, integers: integers, windows: windows, output: experts[layer].input.pointer)
            let after = layer + 1 < configuration.layerCount ? attention[layer + 1].input : head.input
            try experts[layer].forward(context, weights: w, integers: integers, tokens: t, output: after.pointer)
        }
        try head.forward(context, weights: w, integers: integers, tokens: t)
    }

    // MARK: Gradients

    /// Memory for the gradients of a run of tensors, which are applied before the next run's are computed.
    private func gradients(of range: Range<Int>) -> GradientGroup { GradientGroup(base: gradientMemory.pointer, range: range) }

    /// Elements of the largest group.
    private static func largestGroup(_ c: ModelConfiguration) -> Int {
        let layers = c.layout.layers.map { $0.gate - $0.attentionNorm }
        return max(layers.max() ?? 0, c.layout.count - c.layout.outputNorm, c.vocabularySize * c.embeddingLength)
    }

    // MARK: Arguments

    private func check(_ state: ModelState) throws(StepFault) {
        guard state.count == configuration.parameterCount else {
            throw .stateShape(expected: configuration.parameterCount, actual: state.count)
        }
    }

    /// Checks the arguments, copies the tokens and returns their number.
    private func load(_ weights: ModelState, _ batch: TokenBatch, whole: Bool) throws(StepFault) -> Int {
        try check(weights)
        let c = configuration
        guard batch.contextLength == c.contextLength, batch.windows <= c.batchSize, !whole || batch.windows == c.batchSize
        else {
            throw .batchShape(
                expectedWindows: c.batchSize, expectedContext: c.contextLength, windows: batch.windows,
                context: batch.contextLength)
        }
        for window in 0..<batch.windows {
            for position in 0...batch.contextLength {
                let token = Int(batch.tokens[window * (batch.contextLength + 1) + position])
                guard token < c.vocabularySize else {
                    throw .tokenOutOfRange(token: token, vocabulary: c.vocabularySize)
                }
                let row = window * batch.contextLength + position
                if position < batch.contextLength { inputs.pointer[row] = Int32(token) }
                if position > 0 { targets.pointer[row - 1] = Int32(token) }
            }
        }
        return batch.windows * batch.contextLength
    }
}
