internal import FlowTensor

/// The token embedding: a row of the table for each token (Model.md, Forward; Embedding).
final class EmbeddingLayer {
    private let configuration: ModelConfiguration

    init(_ configuration: ModelConfiguration) {
        self.configuration = configuration
    }

    /// Copies the rows of the first `t` input tokens.
    func forward(
        weights: UnsafePointer<Float>, tokens: UnsafePointer<Int32>, count t: Int, output: UnsafeMutablePointer<Float>
    ) {
        let d = configuration.embeddingLength
        let table = weights + configuration.layout.tokenEmbedding
        for row in 0..<t { (output + row * d).update(from: table + Int(tokens[row]) * d, count: d) }
    }

    /// For each token id the exact sum of the rows of `dx` with that id.
    func backward(
        _ context: StepContext, tokens: UnsafePointer<Int32>, count t: Int, dx: UnsafePointer<Float>, gradient: GradientGroup
    ) throws(StepFault) {
        let d = configuration.embeddingLength
        do {
            try ColumnSum.rows(
                dx, ids: tokens, rows: t, columns: d, stride: d, groups: configuration.vocabularySize,
                into: gradient.tensor(configuration.layout.tokenEmbedding), pool: context.pool)
        } catch {
            throw StepContext.fault(error, Stage("the embedding's gradient"))
        }
    }
}
