/// The sizes and constants of a model: everything that, besides the weights and the batch, decides the bits of a step.
///
/// Symbols as in `Documentation/Protocol/Model.md`: V vocabulary, d embedding length, N layers, A heads, H = d/A,
/// X experts a layer, w expert width, L context, B windows a batch.
public struct ModelConfiguration: Sendable, Equatable {
    /// V: 256 bytes, BOS (256) and EOS (257).
    public let vocabularySize: Int
    /// d.
    public let embeddingLength: Int
    /// N.
    public let layerCount: Int
    /// A.
    public let headCount: Int
    /// X, experts in each layer.
    public let expertCount: Int
    /// Always two.
    public let expertsPerToken: Int
    /// w, the inner width of one expert.
    public let expertWidth: Int
    /// L, positions in a training window.
    public let contextLength: Int
    /// B, windows in a training batch.
    public let batchSize: Int
    /// Quantiser width of the linear layers, 2 to 16.
    public let linearBits: Int
    /// Quantiser width inside attention, 2 to 16.
    public let attentionBits: Int
    /// Quantiser width of the router, 2 to 16.
    public let routerBits: Int
    /// β of the load-balancing loss.
    public let balancingWeight: Float
    /// ε of every RMSNorm: 1e-6.
    public let rmsNormEpsilon: Float
    /// Every tensor in canonical order.
    public let tensors: [TensorDescriptor]
    let layout: ModelLayout

    /// Number of weights.
    public var parameterCount: Int { layout.count }
    /// H = d / A.
    public var headLength: Int { embeddingLength / headCount }
    /// T = B·L, tokens in a training batch.
    public var tokensPerBatch: Int { batchSize * contextLength }
    /// Weights that one token's forward pass touches: everything but the experts that were not chosen.
    public var activeParameterCount: Int {
        layout.count - layerCount * (expertCount - expertsPerToken) * 3 * expertWidth * embeddingLength
    }

    /// Checks the sizes and lays the tensors out.
    ///
    /// - Throws: ``ModelConfigurationError`` naming the size, its value and what is allowed.
    public init(
        embeddingLength: Int, layerCount: Int, headCount: Int, expertCount: Int, expertWidth: Int,
        contextLength: Int, batchSize: Int, vocabularySize: Int = 258, expertsPerToken: Int = 2,
        linearBits: Int = 8, attentionBits: Int = 8, routerBits: Int = 8, balancingWeight: Float = 0.01
    ) throws(ModelConfigurationError) {
        func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(ModelConfigurationError) {
            guard allowed.contains(value) else {
                throw .outOfRange(name: name, value: value, allowed: allowed)
            }
        }
        // Products are exact up to 2^17 terms, see Arithmetic.md.
        try check("vocabularySize", vocabularySize, 2...65_536)
        try check("embeddingLength", embeddingLength, 4...65_536)
        try check("layerCount", layerCount, 1...1_024)
        try check("headCount", headCount, 1...4_096)
        try check("expertCount", expertCount, 2...65_536)
        try check("expertsPerToken", expertsPerToken, 2...2)
        try check("expertWidth", expertWidth, 1...131_072)
        try check("contextLength", contextLength, 1...65_536)
        try check("batchSize", batchSize, 1...65_536)
        try check("contextLength × batchSize", contextLength * batchSize, 1...131_072)
        try check("linearBits", linearBits, 2...16)
        try check("attentionBits", attentionBits, 2...16)
        try check("routerBits", routerBits, 2...16)
        guard embeddingLength % headCount == 0 else {
            throw .notDivisible(
                name: "embeddingLength", value: embeddingLength, divisorName: "headCount", divisor: headCount)
        }
        let head = embeddingLength / headCount
        guard head >= 4, head <= 1_024, head & (head - 1) == 0 else { throw .headLength(head) }
        guard balancingWeight >= 0, balancingWeight <= 1 else { throw .balancingWeight(balancingWeight) }

        // Largest tensor group: 3·X·w·d a layer; with the ranges above nothing here overflows 63 bits but the sum.
        let limit = 1 << 42
        let perLayer = (3 * expertCount).multipliedReportingOverflow(by: expertWidth * embeddingLength)
        let rest = 4 * embeddingLength * embeddingLength + (expertCount + 4) * embeddingLength
        let outer = 2 * vocabularySize * embeddingLength
        guard !perLayer.overflow, perLayer.partialValue <= limit,
            (perLayer.partialValue + rest) * layerCount + outer <= limit
        else { throw .tooManyParameters(limit: limit) }

        self.vocabularySize = vocabularySize
        self.embeddingLength = embeddingLength
        self.layerCount = layerCount
        self.headCount = headCount
        self.expertCount = expertCount
        self.expertsPerToken = expertsPerToken
        self.expertWidth = expertWidth
        self.contextLength = contextLength
        self.batchSize = batchSize
        self.linearBits = linearBits
        self.attentionBits = attentionBits
        self.routerBits = routerBits
        self.balancingWeight = balancingWeight
        self.rmsNormEpsilon = 1e-6
        (layout, tensors) = ModelLayout.make(
            vocabulary: vocabularySize, embedding: embeddingLength, layers: layerCount, heads: headCount,
            experts: expertCount, width: expertWidth)
    }
}
