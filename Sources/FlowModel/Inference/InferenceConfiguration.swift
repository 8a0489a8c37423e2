public import FlowGGUF

/// The sizes and constants of a model file, as its metadata states them.
public struct InferenceConfiguration: Sendable, Equatable {
    /// The kinds of models that are run.
    public enum Architecture: String, Sendable, CaseIterable {
        /// The chain's models: experts, norms on each head's query and key.
        case qwen3moe
        /// Dense models and models with experts of the Llama family.
        case llama
    }

    public let architecture: Architecture
    /// `general.name`, if the file has one.
    public let name: String?
    public let vocabularySize: Int
    public let embeddingLength: Int
    public let layerCount: Int
    /// Query heads.
    public let headCount: Int
    /// Key and value heads; a divisor of ``headCount``.
    let keyValueHeadCount: Int
    /// Elements of one head.
    public let headLength: Int
    /// Elements of a head that are rotated, an even number.
    let rotaryLength: Int
    /// The rotary base, 10,000 for the chain's models.
    let rotaryBase: Double
    /// Tokens that the model was trained to look back on.
    public let contextLength: Int
    let rmsNormEpsilon: Float
    /// Experts in each layer; 0 for a dense model.
    public let expertCount: Int
    /// Experts that each token passes; 0 for a dense model.
    public let expertsPerToken: Int
    /// Inner width of the feed-forward network, or of one expert.
    let feedForwardLength: Int

    /// Whether pairs for the rotation are an element and the one half a head further (true) or neighbours (false).
    var rotatesHalves: Bool { architecture == .qwen3moe }
    /// Whether each head's query and key are normalised.
    var normalisesHeads: Bool { architecture == .qwen3moe }
    /// Whether each operation is rounded as in llama.cpp, so that public models say the same text; see `Documentation/Inference.md`.
    var followsLlama: Bool { architecture == .llama }

    /// Reads and checks the metadata of `file`.
    ///
    /// - Throws: ``GGUFError`` for a missing or impossible value or an architecture that is not supported.
    public init(_ file: GGUFFile) throws(GGUFError) {
        let metadata = file.metadata
        let prefix = try metadata.string(GGUFKey.architecture)
        guard let architecture = Architecture(rawValue: prefix) else {
            throw .unsupportedArchitecture(
                prefix, supported: Architecture.allCases.map(\.rawValue),
                offset: metadata.entry(GGUFKey.architecture)?.offset ?? 0)
        }
        func integer(_ key: String, _ range: ClosedRange<Int>, _ fallback: Int? = nil) throws(GGUFError) -> Int {
            try metadata.integer("\(prefix).\(key)", in: range, default: fallback)
        }
        self.architecture = architecture
        name = metadata["general.name"]?.string
        guard let tokens = metadata[GGUFKey.tokens]?.strings else { throw .missingKey(GGUFKey.tokens) }
        vocabularySize = tokens.count
        embeddingLength = try integer("embedding_length", 1...(1 << 20))
        layerCount = try integer("block_count", 1...(1 << 16))
        headCount = try integer("attention.head_count", 1...(1 << 16))
        keyValueHeadCount = try integer("attention.head_count_kv", 1...headCount, headCount)
        guard headCount % keyValueHeadCount == 0 else {
            throw metadata.unexpected("\(prefix).attention.head_count_kv", "a divisor of \(headCount)")
        }
        headLength = try integer("attention.key_length", 1...(1 << 16), embeddingLength / headCount)
        guard headLength > 0 else {
            throw metadata.unexpected("\(prefix).attention.head_count", "at most \(embeddingLength) heads where no length is given")
        }
        guard try integer("attention.value_length", 1...(1 << 16), headLength) == headLength else {
            throw metadata.unexpected("\(prefix).attention.value_length", "the length of keys, \(headLength)")
        }
        rotaryLength = try integer("rope.dimension_count", 0...headLength, headLength)
        guard rotaryLength % 2 == 0 else {
            throw metadata.unexpected("\(prefix).rope.dimension_count", "an even number")
        }
        rotaryBase = try metadata.number("\(prefix).rope.freq_base", above: 0, default: 10_000)
        contextLength = try integer("context_length", 1...Int(Int32.max))
        rmsNormEpsilon = Float(try metadata.number("\(prefix).attention.layer_norm_rms_epsilon", above: 0))
        expertCount = try integer("expert_count", 0...(1 << 17), 0)
        guard architecture == .llama || expertCount > 0 else {
            throw metadata.unexpected("\(prefix).expert_count", "at least one expert")
        }
        expertsPerToken = expertCount == 0 ? 0 : try integer("expert_used_count", 1...expertCount)
        let width = 1...(1 << 24)
        if architecture == .qwen3moe {
            feedForwardLength = try integer("expert_feed_forward_length", width)
        } else {
            feedForwardLength = try integer("feed_forward_length", width)
        }
        if let scaling = metadata.entry("\(prefix).rope.scaling.type"), scaling.value.string != "none" {
            throw scaling.unexpected("'none'; scaled rotary embeddings are not supported")
        }
    }
}

extension GGUFMetadata {
    /// The error that says what `key` should have been.
    func unexpected(_ key: String, _ expected: String) -> GGUFError {
        entry(key)?.unexpected(expected) ?? .missingKey(key)
    }
}
