public import FlowGGUF
internal import FlowTensor

/// Writes a model as a GGUF file that llama.cpp and its relatives load: architecture `qwen3moe`, rotary pairs of
/// halves, per-head norms on queries and keys, the two best experts with weights that sum to one, and a tokenizer
/// whose tokens are the 256 bytes, BOS and EOS.
public struct ModelExport: Sendable {
    /// Sizes of the model.
    public let configuration: ModelConfiguration
    /// How weights are stored.
    public let format: ExportFormat
    /// What the file says about itself beyond the architecture's own keys, for example the chain's height and
    /// modelRoot; a key of the architecture given here wins.
    public var metadata: [(key: String, value: GGUFValue)]
    /// `general.name`.
    public var name: String

    public init(
        configuration: ModelConfiguration, format: ExportFormat = .f32, name: String = "FlowCoin",
        metadata: [(key: String, value: GGUFValue)] = []
    ) {
        self.configuration = configuration
        self.format = format
        self.name = name
        self.metadata = metadata
    }

    /// Everything that stands before the weights.
    ///
    /// - Throws: ``GGUFError`` for a key or a tensor that a file cannot hold.
    public func header() throws(GGUFError) -> GGUFHeader {
        var header = GGUFHeader()
        for (key, value) in generalMetadata + architectureMetadata + ByteVocabulary.metadata {
            try header.set(key, value)
        }
        for (key, value) in metadata { try header.set(key, value) }
        for tensor in configuration.tensors {
            try header.addTensor(tensor.name, dimensions: tensor.shape.reversed(), type: storageType(of: tensor))
        }
        return header
    }

    /// Streams the file into `sink`.
    ///
    /// - Parameters:
    ///   - sink: where the bytes go; ``GGUFFileSink`` replaces a file atomically.
    ///   - weights: called once for each tensor in canonical order with a function that takes its elements, row-major,
    ///     in one piece or in several pieces of whole rows.
    /// - Throws: ``GGUFError`` when the sink fails (a full disk) or a tensor's elements are too few or too many.
    public func write<Sink: GGUFSink>(
        to sink: Sink,
        weights: (TensorDescriptor, (UnsafeBufferPointer<Float>) throws(GGUFError) -> Void) throws(GGUFError) -> Void
    ) throws(GGUFError) -> Sink {
        var writer = try GGUFWriter(header: header(), sink: sink)
        for tensor in configuration.tensors {
            try weights(tensor) { (elements) throws(GGUFError) in
                try withCanonicalFloatingPoint { () throws(GGUFError) in try writer.append(floats: elements) }
            }
        }
        try writer.finish()
        return writer.sink
    }

    /// The type in which `tensor` is stored.
    func storageType(of tensor: TensorDescriptor) -> GGUFTensorType {
        if tensor.shape.count == 1 || tensor.role == .router { return .f32 }
        return format.tensorType(rowLength: tensor.shape.last ?? 1)
    }

    private var generalMetadata: [(String, GGUFValue)] {
        var values: [(String, GGUFValue)] = [
            ("general.architecture", .string("qwen3moe")),
            ("general.type", .string("model")),
            ("general.name", .string(name)),
            ("general.file_type", .uint32(format.fileType)),
        ]
        if format.tensorType.blockLength > 1 { values.append(("general.quantization_version", .uint32(2))) }
        return values
    }

    private var architectureMetadata: [(String, GGUFValue)] {
        func integer(_ key: String, _ value: Int) -> (String, GGUFValue) {
            ("qwen3moe.\(key)", .uint32(UInt32(clamping: value)))
        }
        return [
            integer("vocab_size", configuration.vocabularySize),
            integer("context_length", configuration.contextLength),
            integer("embedding_length", configuration.embeddingLength),
            integer("block_count", configuration.layerCount),
            integer("feed_forward_length", configuration.expertWidth),
            integer("expert_feed_forward_length", configuration.expertWidth),
            integer("expert_count", configuration.expertCount),
            integer("expert_used_count", configuration.expertsPerToken),
            integer("attention.head_count", configuration.headCount),
            integer("attention.head_count_kv", configuration.headCount),
            integer("attention.key_length", configuration.headLength),
            integer("attention.value_length", configuration.headLength),
            ("qwen3moe.attention.layer_norm_rms_epsilon", .float32(configuration.rmsNormEpsilon)),
            integer("rope.dimension_count", configuration.headLength),
            ("qwen3moe.rope.freq_base", .float32(10_000)),
        ]
    }
}
