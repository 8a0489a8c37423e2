public import FlowTensor

/// Takes training steps: forward, backward and the sign-momentum update of Model.md, with the same bits on every backend and
/// for every number of threads.
///
/// All memory is allocated when the trainer is made, for batches of the configuration's size. A trainer works on one step at a
/// time; use one for each thread that trains.
///
/// ```swift
/// let trainer = Trainer(configuration: configuration, backend: ReferenceBackend(), pool: .single)
/// let report = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)
/// ```
public final class Trainer {
    public let configuration: ModelConfiguration
    public let backend: any MatrixBackend
    public let pool: ThreadPool
    private let context: StepContext
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
    private var parts: [Range<Int>] = []

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
        gradientMemory = FixedBuffer<Float>(Self.groups(c).map(\.count).max() ?? 0)
        parts.reserveCapacity(1 + 3 * c.expertCount)
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
        try check(momentum)
        let t = try load(weights, batch, whole: true)
        return try train(
            weights, tokens: t,
            sink: GradientSink(
                destination: .update(
                    weights: weights.base, momentum: momentum.base,
                    rate: Float(learningRateUnits) * ModelState.gridUnit)))
    }

    /// The gradient of the batch's loss (balancing included) for every weight; experts without a token have +0.
    public func gradients(weights: ModelState, batch: TokenBatch) throws(StepFault) -> (gradients: ModelState, report: StepReport) {
        let t = try load(weights, batch, whole: true)
        let gradients = ModelState(zeros: configuration)
        let report = try train(weights, tokens: t, sink: GradientSink(destination: .store(gradients.base)))
        return (gradients, report)
    }

    /// The mean loss of a batch in nats a token, without training. At most the configuration's number of windows.
    public func loss(weights: ModelState, batch: TokenBatch) throws(StepFault) -> Double {
        let t = try load(weights, batch, whole: false)
        if t == 0 { return 0 }
        try forward(weights, tokens: t)
        return head.loss(context, targets: targets.pointer, tokens: t)
    }

    /// The loss of every position in nats, window by window, without training (Model.md, Loss).
    public func tokenLosses(weights: ModelState, batch: TokenBatch) throws(StepFault) -> [Float] {
        let t = try load(weights, batch, whole: false)
        if t == 0 { return [] }
        try forward(weights, tokens: t)
        _ = head.loss(context, targets: targets.pointer, tokens: t)
        return Array(UnsafeBufferPointer(start: head.losses.pointer, count: t))
    }

    /// The logits of every position, tokens × vocabulary, without training.
    public func logits(weights: ModelState, batch: TokenBatch) throws(StepFault) -> [Float] {
        let t = try load(weights, batch, whole: false)
        if t == 0 { return [] }
        try forward(weights, tokens: t)
        return Array(UnsafeBufferPointer(start: head.logits.pointer, count: t * configuration.vocabularySize))
    }

    // MARK: The step

    private func train(_ weights: ModelState, tokens t: Int, sink: GradientSink) throws(StepFault) -> StepReport {
        try forward(weights, tokens: t)
        let loss = head.loss(context, targets: targets.pointer, tokens: t)
        let w = UnsafePointer(weights.base)
        let dx = residual.pointer
        var remaining = Self.groups(configuration)

        var group = next(&remaining)
        try head.backward(context, weights: w, integers: integers, tokens: t, dx: dx, gradient: group)
        apply(group, sink, experts: nil)
        for layer in (0..<configuration.layerCount).reversed() {
            group = next(&remaining)
            try experts[layer].backward(context, weights: w, integers: integers, tokens: t, dx: dx, gradient: group)
            try attention[layer].backward(
                context, weights: w, integers: integers, windows: t / configuration.contextLength, dx: dx, gradient: group)
            apply(group, sink, experts: layer)
        }
        group = next(&remaining)
        try embedding.backward(context, tokens: inputs.pointer, count: t, dx: dx, gradient: group)
        apply(group, sink, experts: nil)

        return StepReport(
            loss: loss, balancingLoss: experts.reduce(0) { $0 + $1.balancingLoss(tokens: t) },
            expertCounts: experts.map { layer in (0..<configuration.expertCount).map { layer.routing.range($0).count } })
    }

    private func forward(_ weights: ModelState, tokens t: Int) throws(StepFault) {
        let w = UnsafePointer(weights.base)
        let windows = t / configuration.contextLength
        try integers.update(context, w)
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

    /// Runs of the state whose gradients are complete together, in canonical order; the step takes them from the last.
    private static func groups(_ c: ModelConfiguration) -> [Range<Int>] {
        let starts = [0] + c.layout.layers.map(\.attentionNorm) + [c.layout.outputNorm, c.layout.count]
        return zip(starts, starts.dropFirst()).map { $0..<$1 }
    }

    private func next(_ remaining: inout [Range<Int>]) -> GradientGroup {
        GradientGroup(base: gradientMemory.pointer, range: remaining.popLast() ?? 0..<0)
    }

    private func apply(_ group: GradientGroup, _ sink: GradientSink, experts layer: Int?) {
        parts.removeAll(keepingCapacity: true)
        if let layer {
            let places = configuration.layout.layers[layer]
            let size = configuration.expertWidth * configuration.embeddingLength
            parts.append(group.range.lowerBound..<places.gate)
            for offset in [places.gate, places.up, places.down] {
                for e in 0..<configuration.expertCount where !experts[layer].routing.range(e).isEmpty {
                    parts.append(offset + e * size..<offset + (e + 1) * size)
                }
            }
        } else {
            parts.append(group.range)
        }
        sink.consume(context, group, parts: parts)
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
