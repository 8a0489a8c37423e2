/// How large and how small the sizes of a model may be.
public struct ModelLimits: Hashable, Sendable {
    public let vocabularySize: ClosedRange<UInt32>
    public let embeddingLength: ClosedRange<UInt32>
    public let layerCount: ClosedRange<UInt32>
    public let headCount: ClosedRange<UInt32>
    /// Of embeddingLength / headCount, which is also a power of two (the rotary table in Arithmetic.md).
    public let headLength: ClosedRange<UInt32>
    public let expertCount: ClosedRange<UInt32>
    public let expertsPerToken: ClosedRange<UInt32>
    public let expertWidth: ClosedRange<UInt32>
    public let contextLength: ClosedRange<UInt32>
    public let batchSize: ClosedRange<UInt32>
    /// embeddingLength and expertWidth are multiples of this many elements.
    let rowMultiple: UInt32
    /// The most tokens in a step whose quantisers have at most 8 bits: an exact sum goes over as many rows.
    let tokensPerStep: UInt64
    /// The same where a quantiser has more bits.
    let tokensPerWideStep: UInt64
    /// The most weights.
    public let parameterCount: UInt64
    /// The fewest tokens that an expert sees in a step, on average.
    let tokensPerExpert: UInt64

    /// What a network may choose (Chain.md). Rows of quantised weights come in blocks of 32 in a GGUF file, and an expert that sees
    /// hardly a token learns nothing.
    public static let network = ModelLimits(
        vocabularySize: ModelShape.vocabularySize...ModelShape.vocabularySize, embeddingLength: 32...16_384, layerCount: 1...256,
        headCount: 1...1_024, headLength: 4...1_024, expertCount: 2...65_536, expertsPerToken: 2...2, expertWidth: 32...65_536,
        contextLength: 2...8_192, batchSize: 1...4_096, rowMultiple: 32, tokensPerStep: 131_072, tokensPerWideStep: 32_768,
        parameterCount: 1 << 40, tokensPerExpert: 16)

    /// What the arithmetic can train: exact products have at most 2^17 terms (Arithmetic.md). Every model of a network is among these.
    public static let arithmetic = ModelLimits(
        vocabularySize: 2...65_536, embeddingLength: 4...65_536, layerCount: 1...1_024, headCount: 1...4_096, headLength: 4...1_024,
        expertCount: 2...65_536, expertsPerToken: 2...2, expertWidth: 1...131_072, contextLength: 1...65_536, batchSize: 1...65_536,
        rowMultiple: 1, tokensPerStep: 131_072, tokensPerWideStep: 131_072, parameterCount: 1 << 42, tokensPerExpert: 0)
}
