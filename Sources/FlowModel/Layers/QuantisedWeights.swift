internal import FlowTensor

/// The weight matrices as integers, made anew from the weights at the start of each step: one scale a matrix, for experts one
/// for each expert's matrix.
///
/// An integer stands at its weight's place in the state; the router, which may have other bits, has a store of its own.
final class QuantisedWeights {
    private let configuration: ModelConfiguration
    private let linear: IntegerStore
    private let router: IntegerStore
    private var matrices: [Matrix] = []

    private struct Matrix {
        var offset: Int
        var count: Int
        var scale: Int
        var isRouter = false
        var target = 0
        var stage: Stage
    }

    init(_ configuration: ModelConfiguration) {
        self.configuration = configuration
        let d = configuration.embeddingLength, x = configuration.expertCount, n = configuration.layerCount
        let expert = configuration.expertWidth * d
        linear = IntegerStore(
            elements: configuration.parameterCount, scales: n * (4 + 3 * x) + 1, bits: configuration.linearBits)
        router = IntegerStore(elements: n * x * d, scales: n, bits: configuration.routerBits)
        for (index, layer) in configuration.layout.layers.enumerated() {
            let first = index * (4 + 3 * x)
            for (place, offset) in [layer.query, layer.key, layer.value, layer.attentionOutput].enumerated() {
                matrices.append(
                    Matrix(
                        offset: offset, count: d * d, scale: first + place, target: offset,
                        stage: Stage("the attention weights", layer: index)))
            }
            matrices.append(
                Matrix(
                    offset: layer.router, count: x * d, scale: index, isRouter: true, target: index * x * d,
                    stage: Stage("the router weights", layer: index)))
            for (kind, offset) in [layer.gate, layer.up, layer.down].enumerated() {
                for e in 0..<x {
                    matrices.append(
                        Matrix(
                            offset: offset + e * expert, count: expert, scale: first + 4 + kind * x + e,
                            target: offset + e * expert, stage: Stage("the expert weights", layer: index)))
                }
            }
        }
        let output = configuration.layout.output
        matrices.append(
            Matrix(
                offset: output, count: configuration.vocabularySize * d, scale: n * (4 + 3 * x), target: output,
                stage: Stage("the output weights")))
    }

    /// Quantises every matrix of the state.
    func update(_ context: StepContext, _ weights: UnsafePointer<Float>) throws(StepFault) {
        do {
            try context.pool.attempt(matrices.count) { index throws(StepFault) in
                let matrix = matrices[index]
                do throws(QuantiserFault) {
                    try (matrix.isRouter ? router : linear).quantise(
                        weights + matrix.offset, count: matrix.count, to: matrix.target, scale: matrix.scale)
                } catch {
                    throw StepContext.fault(error, matrix.stage)
                }
            }
        }
    }

    enum AttentionMatrix: Int { case query, key, value, output }
    enum ExpertMatrix: Int { case gate, up, down }

    func attention(_ layer: Int, _ matrix: AttentionMatrix) -> IntegerOperand {
        let places = configuration.layout.layers[layer]
        let offset =
            switch matrix {
            case .query: places.query
            case .key: places.key
            case .value: places.value
            case .output: places.attentionOutput
            }
        return linear.operand(
            offset, stride: configuration.embeddingLength, scale: layer * (4 + 3 * configuration.expertCount) + matrix.rawValue,
            scaleStride: 0)
    }

    func router(_ layer: Int) -> IntegerOperand {
        let d = configuration.embeddingLength
        return router.operand(layer * configuration.expertCount * d, stride: d, scale: layer, scaleStride: 0)
    }

    func expert(_ layer: Int, _ matrix: ExpertMatrix, _ e: Int) -> IntegerOperand {
        let places = configuration.layout.layers[layer]
        let x = configuration.expertCount, d = configuration.embeddingLength, w = configuration.expertWidth
        let offset =
            switch matrix {
            case .gate: places.gate
            case .up: places.up
            case .down: places.down
            }
        return linear.operand(
            offset + e * w * d, stride: matrix == .down ? w : d,
            scale: layer * (4 + 3 * x) + 4 + matrix.rawValue * x + e, scaleStride: 0)
    }

    var output: IntegerOperand {
        linear.operand(
            configuration.layout.output, stride: configuration.embeddingLength,
            scale: configuration.layerCount * (4 + 3 * configuration.expertCount), scaleStride: 0)
    }
}
