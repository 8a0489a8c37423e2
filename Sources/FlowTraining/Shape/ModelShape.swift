public import FlowEncoding

/// The sizes of a model (Model.md), as numbers of elements. A network's vocabulary always has 258 tokens (bytes, BOS, EOS).
public struct ModelShape: Hashable, Sendable, Codable {
    /// d: the length of a token's vector.
    public var embeddingLength: UInt32
    /// N.
    public var layerCount: UInt32
    /// A: heads of attention in each layer.
    public var headCount: UInt32
    /// X: experts in each layer.
    public var expertCount: UInt32
    /// Always 2.
    public var expertsPerToken: UInt32
    /// w: the inner width of one expert.
    public var expertWidth: UInt32
    /// L: tokens in a window.
    public var contextLength: UInt32
    /// B: windows in a training step.
    public var batchSize: UInt32

    /// V of every network.
    public static let vocabularySize: UInt32 = 258

    public init(
        embeddingLength: UInt32, layerCount: UInt32, headCount: UInt32, expertCount: UInt32,
        expertsPerToken: UInt32 = 2, expertWidth: UInt32, contextLength: UInt32, batchSize: UInt32
    ) {
        self.embeddingLength = embeddingLength
        self.layerCount = layerCount
        self.headCount = headCount
        self.expertCount = expertCount
        self.expertsPerToken = expertsPerToken
        self.expertWidth = expertWidth
        self.contextLength = contextLength
        self.batchSize = batchSize
    }

    /// The number of weights of a network's model, held at `UInt64.max` when it does not fit.
    public var parameterCount: UInt64 { parameterCount(vocabularySize: Self.vocabularySize) }

    /// The number of weights of such a model over another vocabulary, held at `UInt64.max` when it does not fit.
    public func parameterCount(vocabularySize: UInt32) -> UInt64 {
        let d = UInt64(embeddingLength)
        let experts = UInt64(expertCount)
        let attention = Self.sum([Self.product([4, d, d]), Self.product([2, d]), Self.product([2, UInt64(headLength)])])
        let router = Self.product([experts, d])
        let feedForward = Self.product([3, experts, UInt64(expertWidth), d])
        let layers = Self.product([UInt64(layerCount), Self.sum([attention, router, feedForward])])
        return Self.sum([layers, d, Self.product([2, UInt64(vocabularySize), d])])
    }

    /// H: the length of one head's part of a token's vector; 0 for a shape without heads.
    public var headLength: UInt32 { headCount == 0 ? 0 : embeddingLength / headCount }

    /// Tokens in a training step.
    var tokensPerStep: UInt64 { UInt64(contextLength) * UInt64(batchSize) }

    private static func product(_ factors: [UInt64]) -> UInt64 {
        factors.reduce(1) { partial, factor in
            let result = partial.multipliedReportingOverflow(by: factor)
            return result.overflow ? .max : result.partialValue
        }
    }

    private static func sum(_ terms: [UInt64]) -> UInt64 {
        terms.reduce(0) { partial, term in
            let result = partial.addingReportingOverflow(term)
            return result.overflow ? .max : result.partialValue
        }
    }
}

extension ModelShape: BinaryEncodable {
    /// Eight u32 in the order of the declaration.
    public func encode(to writer: inout ByteWriter) {
        for value in [
            embeddingLength, layerCount, headCount, expertCount, expertsPerToken, expertWidth, contextLength, batchSize,
        ] {
            writer.write(value)
        }
    }
}
