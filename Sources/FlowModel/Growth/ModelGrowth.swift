public import FlowTensor
import FlowTraining

/// The growth of a model into a larger one, as `Documentation/Protocol/Growth.md` defines it.
///
/// Every old weight keeps its value. What is new is a copy of something old, and whatever reads a copy reads it with weight
/// zero, so the grown model says what the old one said and no quantiser's scale moves; only the router rows of new experts are
/// made of old ones. Because the old weights stand unchanged inside the new ones, `shrunk(_:pool:)` takes a growth back
/// exactly: a node can leave a branch across it.
///
/// <!-- given small: ModelConfiguration, large: ModelConfiguration, weights: ModelState -->
/// ```swift
/// let growth = try ModelGrowth(from: small, to: large)
/// let larger = try growth.grown(weights)
/// ```
public struct ModelGrowth: Sendable {
    /// The old sizes.
    public let source: ModelConfiguration
    /// The new sizes.
    public let target: ModelConfiguration

    /// Checks that the one can grow into the other (``ModelShape/checkGrowth(into:field:)``), over the same vocabulary.
    ///
    /// - Throws: ``ModelGrowthError/shape(_:)`` naming the first size that does not fit.
    public init(from source: ModelConfiguration, to target: ModelConfiguration) throws(ModelGrowthError) {
        guard source.vocabularySize == target.vocabularySize else {
            throw .vocabulary(from: source.vocabularySize, to: target.vocabularySize)
        }
        do { try source.shape.checkGrowth(into: target.shape) } catch { throw .shape(error) }
        self.source = source
        self.target = target
    }

    /// The weights of the larger model.
    ///
    /// - Throws: ``ModelGrowthError/stateShape(expected:actual:)`` when `state` is not of the old shape.
    public func grown(_ state: ModelState, pool: ThreadPool = .single) throws(ModelGrowthError) -> ModelState {
        guard state.configuration.tensors == source.tensors else {
            throw .stateShape(expected: source.parameterCount, actual: state.count)
        }
        let result = ModelState(target, zeroed: true)
        forEachRow(pool: pool) { row in
            let old = state.base + row.old, new = result.base + row.new
            new.update(from: old, count: row.oldLength)
            if row.repeats, row.newLength > row.oldLength { (new + row.oldLength).update(from: old, count: row.oldLength) }
        }
        for (place, old) in zip(target.layout.layers, target.layout.layers.indices.map(origin)) {
            addRouterRows(from: state.base + source.layout.layers[old.layer].router, to: result.base + place.router)
        }
        return result
    }

    /// The weights of the old model inside the weights of a larger one: `shrunk(grown(w))` is `w`.
    ///
    /// - Throws: ``ModelGrowthError/stateShape(expected:actual:)`` when `state` is not of the new shape.
    public func shrunk(_ state: ModelState, pool: ThreadPool = .single) throws(ModelGrowthError) -> ModelState {
        guard state.configuration.tensors == target.tensors else {
            throw .stateShape(expected: target.parameterCount, actual: state.count)
        }
        let result = ModelState(source, zeroed: false)
        forEachRow(pool: pool) { row in
            guard row.isOriginal else { return }
            (result.base + row.old).update(from: state.base + row.new, count: row.oldLength)
        }
        // The router's old rows stand in front of the new ones, at their own length.
        for (place, old) in zip(target.layout.layers, target.layout.layers.indices.map(origin)) where old.isOriginal {
            for e in 0..<source.expertCount {
                (result.base + source.layout.layers[old.layer].router + e * source.embeddingLength).update(
                    from: state.base + place.router + e * target.embeddingLength, count: source.embeddingLength)
            }
        }
        return result
    }

    // MARK: Rows

    /// A row of a new tensor and the old row that it is made of.
    private struct Row {
        /// Offsets in the states.
        var old: Int, new: Int
        var oldLength: Int, newLength: Int
        /// True where the rest of the new row is the old row again; else it stays zero.
        var repeats: Bool
        /// True for the first of the new rows that come from one old row.
        var isOriginal: Bool
    }

    /// The old layer that a new one comes from, and whether it is that layer itself or its copy.
    func origin(_ layer: Int) -> (layer: Int, isOriginal: Bool) {
        let old = layer * source.layerCount / target.layerCount
        return (old, layer == 0 || (layer - 1) * source.layerCount / target.layerCount != old)
    }

    /// Calls `body` for each row of all tensors but the routers; rows that stay zero are left out.
    private func forEachRow(pool: ThreadPool, _ body: @Sendable (Row) -> Void) {
        for tensor in target.tensors where tensor.role != .router {
            let layer = tensor.layer.map(origin)
            let isCopiedLayer = layer?.isOriginal == false
            // What a copied layer adds to the residual is zero at first.
            if isCopiedLayer, tensor.role == .attentionOutput || tensor.role == .down { continue }
            let rows = Rows(tensor.role, source, target)
            let oldOffset = offset(of: tensor.role, layer: layer?.layer)
            pool.run(rows.count) { index in
                let old = rows.source(index)
                body(
                    Row(
                        old: oldOffset + old.row * rows.oldLength, new: tensor.offset + index * rows.newLength,
                        oldLength: rows.oldLength, newLength: rows.newLength, repeats: rows.repeats,
                        isOriginal: old.isOriginal && !isCopiedLayer))
            }
        }
    }

    private func offset(of role: TensorDescriptor.Role, layer: Int?) -> Int {
        let layout = source.layout
        guard let layer else {
            return switch role {
            case .tokenEmbedding: layout.tokenEmbedding
            case .outputNorm: layout.outputNorm
            default: layout.output
            }
        }
        let places = layout.layers[layer]
        return switch role {
        case .attentionNorm: places.attentionNorm
        case .query: places.query
        case .key: places.key
        case .value: places.value
        case .queryNorm: places.queryNorm
        case .keyNorm: places.keyNorm
        case .attentionOutput: places.attentionOutput
        case .expertNorm: places.expertNorm
        case .gate: places.gate
        case .up: places.up
        default: places.down
        }
    }

    // MARK: Routers

    /// All router rows: the old ones, and for each new expert the mean row plus a quarter of what sets its donor apart from it.
    private func addRouterRows(from old: UnsafePointer<Float>, to new: UnsafeMutablePointer<Float>) {
        let (d, wide, count) = (source.embeddingLength, target.embeddingLength, source.expertCount)
        for e in 0..<count { (new + e * wide).update(from: old + e * d, count: d) }
        if target.expertCount == count { return }
        for c in 0..<d {
            var sum = 0
            for e in 0..<count { sum += Int(old[e * d + c] * 0x1p20) }
            let mean = sum / count
            for e in count..<target.expertCount {
                let donor = Int(old[(e - count) * d + c] * 0x1p20)
                new[e * wide + c] = Float(mean + (donor - mean) / 4) * ModelState.gridUnit
            }
        }
    }
}

/// How the rows of one kind of tensor come from old rows.
private struct Rows {
    /// Rows of the new tensor.
    let count: Int
    let oldLength: Int
    let newLength: Int
    let repeats: Bool
    private let group: (old: Int, new: Int)
    private let groups: Int

    /// A tensor is `groups` blocks (experts) of rows; block and row of a copy are taken modulo the old numbers.
    init(_ role: TensorDescriptor.Role, _ source: ModelConfiguration, _ target: ModelConfiguration) {
        let (d, wide) = (source.embeddingLength, target.embeddingLength)
        switch role {
        case .tokenEmbedding, .output:
            (groups, group) = (1, (source.vocabularySize, target.vocabularySize))
            count = target.vocabularySize
            (oldLength, newLength, repeats) = (d, wide, role == .tokenEmbedding)
        case .attentionNorm, .expertNorm, .outputNorm:
            (groups, group, count) = (1, (1, 1), 1)
            (oldLength, newLength, repeats) = (d, wide, true)
        case .queryNorm, .keyNorm:
            (groups, group, count) = (1, (1, 1), 1)
            (oldLength, newLength, repeats) = (source.headLength, target.headLength, false)
        case .query, .key, .value, .attentionOutput:
            (groups, group, count) = (1, (d, wide), wide)
            (oldLength, newLength, repeats) = (d, wide, false)
        case .gate, .up:
            (groups, group) = (source.expertCount, (source.expertWidth, target.expertWidth))
            count = target.expertCount * target.expertWidth
            (oldLength, newLength, repeats) = (d, wide, false)
        case .down:
            (groups, group) = (source.expertCount, (d, wide))
            count = target.expertCount * wide
            (oldLength, newLength, repeats) = (source.expertWidth, target.expertWidth, false)
        case .router:
            preconditionFailure("router rows are made by themselves")
        }
    }

    /// The old row of a new one, and whether the new one is that row itself or a copy.
    func source(_ row: Int) -> (row: Int, isOriginal: Bool) {
        let (block, inner) = row.quotientAndRemainder(dividingBy: group.new)
        return (block % groups * group.old + inner % group.old, block < groups && inner < group.old)
    }
}
