internal import FlowTensor

/// The weight matrices as integers: one scale a matrix, for experts one for each expert's matrix.
///
/// Made anew where the weights are others than at the last step's end. During a step each matrix follows as soon as its weights have changed, while
/// they are still in the processor's cache; experts without a token keep theirs.
///
/// An integer stands at its weight's place in the state; the router, which may have other bits, has a store of its own.
final class QuantisedWeights {
    private let configuration: ModelConfiguration
    private let linear: IntegerStore
    private let router: IntegerStore
    private var matrices: [Matrix] = []
    /// The contents of the weights that the integers were made from.
    private var edition: Int?

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

    /// Quantises every matrix of the state, unless the integers are those of its weights already.
    func prepare(_ context: StepContext, _ weights: ModelState) throws(StepFault) {
        if edition == weights.edition { return }
        edition = nil
        try quantise(context, UnsafePointer(weights.base), 0..<matrices.count)
        edition = weights.edition
    }

    /// Says that from now on the weights change matrix by matrix, and with them the integers.
    func beginChange() { edition = nil }

    /// Says that all integers are those of the weights as they are now.
    func endChange(_ weights: ModelState) { edition = weights.edition }

    /// Quantises the matrices that start in a run of the state, all but the experts'.
    func update(_ context: StepContext, _ weights: UnsafePointer<Float>, startingIn range: Range<Int>) throws(StepFault) {
        // In the canonical order, a layer's experts last, so the matrices of a run stand together.
        let first = matrices.firstIndex { range.contains($0.offset) } ?? 0
        var end = first
        while end < matrices.count, range.contains(matrices[end].offset) { end += 1 }
        try quantise(context, weights, first..<end)
    }

    /// Quantises one matrix of an expert whose weights have just changed.
    func update(
        _ weights: UnsafePointer<Float>, layer: Int, _ matrix: ExpertMatrix, _ e: Int, largest: UInt32
    ) throws(QuantiserFault) {
        let x = configuration.expertCount
        let place = matrices[layer * (5 + 3 * x) + 5 + matrix.rawValue * x + e]
        try linear.quantise(
            weights + place.offset, count: place.count, largest: largest, to: place.target, scale: place.scale)
    }

    private func quantise(_ context: StepContext, _ weights: UnsafePointer<Float>, _ wanted: Range<Int>) throws(StepFault) {
        try context.pool.attempt(wanted.count) { index throws(StepFault) in
            let matrix = matrices[wanted.lowerBound + index]
            do throws(QuantiserFault) {
                try (matrix.isRouter ? router : linear).quantise(
                    weights + matrix.offset, count: matrix.count, to: matrix.target, scale: matrix.scale)
            } catch {
                throw StepContext.fault(error, matrix.stage)
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
