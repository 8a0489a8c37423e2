internal import FlowTensor
public import FlowTraining

/// The sizes and constants of a model: everything that, besides the weights and the batch, decides the bits of a step.
///
/// Symbols as in `Documentation/Protocol/Model.md`: V vocabulary, d embedding length, N layers, A heads, H = d/A,
/// X experts a layer, w expert width, L context, B windows a batch.
public struct ModelConfiguration: Sendable, Equatable {
    /// All sizes but the vocabulary's.
    public let shape: ModelShape
    /// V: 256 bytes, BOS (256) and EOS (257).
    public let vocabularySize: Int
    /// Bits of the quantisers.
    public let bits: QuantiserBits
    /// β of the load-balancing loss.
    public let balancingWeight: Float
    /// Every tensor in canonical order.
    public let tensors: [TensorDescriptor]
    let layout: ModelLayout

    /// d.
    public var embeddingLength: Int { Int(shape.embeddingLength) }
    /// N.
    public var layerCount: Int { Int(shape.layerCount) }
    /// A.
    public var headCount: Int { Int(shape.headCount) }
    /// X, experts in each layer.
    public var expertCount: Int { Int(shape.expertCount) }
    /// Always two.
    public var expertsPerToken: Int { Int(shape.expertsPerToken) }
    /// w, the inner width of one expert.
    public var expertWidth: Int { Int(shape.expertWidth) }
    /// L, positions in a training window.
    public var contextLength: Int { Int(shape.contextLength) }
    /// B, windows in a training batch.
    public var batchSize: Int { Int(shape.batchSize) }
    /// Quantiser width of the linear layers, 2 to 16.
    public var linearBits: Int { Int(bits.linear) }
    /// Quantiser width inside attention, 2 to 16.
    public var attentionBits: Int { Int(bits.attention) }
    /// Quantiser width of the router, 2 to 16.
    public var routerBits: Int { Int(bits.router) }
    /// ε of every RMSNorm: 1e-6.
    var rmsNormEpsilon: Float { 1e-6 }
    /// Number of weights.
    public var parameterCount: Int { layout.count }
    /// H = d / A.
    public var headLength: Int { Int(shape.headLength) }
    /// T = B·L, tokens in a training batch.
    public var tokensPerBatch: Int { batchSize * contextLength }
    /// Weights that one token's forward pass touches: everything but the experts that were not chosen.
    public var activeParameterCount: Int {
        layout.count - layerCount * (expertCount - expertsPerToken) * 3 * expertWidth * embeddingLength
    }

    /// Checks the sizes against what the arithmetic can train (``ModelLimits/arithmetic``) and lays the tensors out.
    ///
    /// - Parameter balancingWeight: β in millionths, up to 1,000,000.
    /// - Throws: ``ModelShapeError`` naming the size, its value and what is allowed.
    public init(
        _ shape: ModelShape, bits: QuantiserBits = QuantiserBits(), balancingWeight: UInt32 = 10_000,
        vocabularySize: UInt32 = ModelShape.vocabularySize
    ) throws(ModelShapeError) {
        try bits.check("model")
        try shape.check(.arithmetic, bits: bits, vocabularySize: vocabularySize)
        guard TrainingParameters.balancingWeights.contains(balancingWeight) else {
            throw .outOfRange(
                field: "model.balancingWeight", least: UInt64(TrainingParameters.balancingWeights.lowerBound),
                most: UInt64(TrainingParameters.balancingWeights.upperBound), actual: UInt64(balancingWeight))
        }
        self.shape = shape
        self.vocabularySize = Int(vocabularySize)
        self.bits = bits
        // One division, as Model.md has it.
        self.balancingWeight = withCanonicalFloatingPoint { Float(balancingWeight) / 1_000_000 }
        (layout, tensors) = ModelLayout.make(shape, vocabulary: Int(vocabularySize))
    }

    /// The model of one of a network's shapes, trained as the network says.
    ///
    /// - Throws: ``ModelShapeError`` naming the size, its value and what is allowed.
    public init(_ shape: ModelShape, training: TrainingParameters) throws(ModelShapeError) {
        try self.init(shape, bits: training.bits, balancingWeight: training.balancingWeight)
    }
}
