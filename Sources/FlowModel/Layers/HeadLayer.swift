internal import FlowTensor

/// The final norm, the output matrix and the loss (Model.md, Head; Loss and backward).
final class HeadLayer {
    private let configuration: ModelConfiguration
    private let scratch: SharedScratch
    private let norm: RMSNormLayer
    /// The layer's input, T × d; whoever stands before writes it.
    let input: FixedBuffer<Float>
    private let normalised: FixedBuffer<Float>
    /// T × V: the logits, then their gradient.
    let logits: FixedBuffer<Float>
    /// The loss of each token, nats.
    let losses: FixedBuffer<Float>
    private let gradientRows: IntegerStore
    private let gradientColumns: IntegerStore

    init(_ configuration: ModelConfiguration, scratch: SharedScratch) {
        let c = configuration
        self.configuration = c
        self.scratch = scratch
        let t = c.tokensPerBatch, d = c.embeddingLength, v = c.vocabularySize
        norm = RMSNormLayer(rows: t, columns: d, stage: Stage("output_norm"))
        input = FixedBuffer<Float>(t * d)
        normalised = FixedBuffer<Float>(t * d)
        logits = FixedBuffer<Float>(t * v)
        losses = FixedBuffer<Float>(t)
        gradientRows = IntegerStore(elements: t * v, scales: t, bits: c.linearBits)
        gradientColumns = IntegerStore(elements: t * v, scales: v, bits: c.linearBits)
    }

    /// The logits of the first `t` tokens.
    func forward(
        _ context: StepContext, weights: UnsafePointer<Float>, integers: QuantisedWeights, tokens t: Int
    ) throws(StepFault) {
        let d = configuration.embeddingLength, v = configuration.vocabularySize
        let rows = scratch.rowIntegersA
        try context.rows(t, Stage("the output layer's input")) { _, range throws(QuantiserFault) in
            for row in range {
                let y = normalised.pointer + row * d
                norm.forward(row: row, input.pointer + row * d, gain: weights + configuration.layout.outputNorm, into: y)
                try rows.quantiseRows(y, rows: 1, columns: d, stride: d, to: row * d, qStride: d, scale: row)
            }
        }
        context.products.append(
            IntegerProduct(
                .nt, m: t, n: v, k: d, a: rows.operand(0, stride: d, scale: 0, scaleStride: 1), b: integers.output,
                output: logits.pointer, outputStride: v))
        context.execute()
    }

    /// Turns the logits into their gradient and returns the mean loss.
    func loss(_ context: StepContext, targets: UnsafePointer<Int32>, tokens t: Int) -> Double {
        let v = configuration.vocabularySize
        let factor = 1 / Float(t)
        context.rows(t) { _, range in
            for row in range {
                let z = logits.pointer + row * v
                losses.pointer[row] = Canonical.crossEntropy(z, v, target: Int(targets[row]), factor: factor, gradient: z)
            }
        }
        var sum = 0.0
        for row in 0..<t { sum += Double(losses.pointer[row]) }
        return sum / Double(t)
    }

    /// From the logits' gradient to that of the layer's input, which `dx` receives.
    func backward(
        _ context: StepContext, weights: UnsafePointer<Float>, integers: QuantisedWeights, tokens t: Int,
        dx: UnsafeMutablePointer<Float>, gradient: GradientGroup
    ) throws(StepFault) {
        let d = configuration.embeddingLength, v = configuration.vocabularySize
        try context.rows(t, Stage("the logits' gradient")) { _, range throws(QuantiserFault) in
            try gradientRows.quantiseRows(
                logits.pointer + range.lowerBound * v, rows: range.count, columns: v, stride: v, to: range.lowerBound * v,
                qStride: v, scale: range.lowerBound)
        }
        context.matrices.append((UnsafePointer(logits.pointer), v, gradientColumns))
        context.matrices.append((UnsafePointer(normalised.pointer), d, scratch.columnIntegersA))
        try context.columns(Stage("the output weights' gradient"), rows: t)
        let dNormalised = scratch.rowsA.pointer
        context.products.append(
            IntegerProduct(
                .nn, m: t, n: d, k: v, a: gradientRows.operand(0, stride: v, scale: 0, scaleStride: 1), b: integers.output,
                output: dNormalised, outputStride: d))
        context.products.append(
            context.weightGradient(
                IntegerProduct(
                    .tn, m: v, n: d, k: t, a: gradientColumns.operand(0, stride: v, scale: 0, scaleStride: 1),
                    b: scratch.columnIntegersA.operand(0, stride: d, scale: 0, scaleStride: 1),
                    output: gradient.tensor(configuration.layout.output), outputStride: d), scratch.rowLists.pointer))
        context.execute()
        dx.update(repeating: 0, count: t * d)
        try norm.backwardIntoResidual(
            context, rows: t, x: input.pointer, gain: weights + configuration.layout.outputNorm, dy: dNormalised, dx: dx,
            gainTerms: scratch.rowsB.pointer, gradient: gradient.tensor(configuration.layout.outputNorm))
    }
}
