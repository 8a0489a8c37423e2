public import FlowGGUF
internal import FlowTensor

/// A model that is ready to run. Weights stay in the mapped file; one model may serve many sessions and threads.
public final class InferenceModel: @unchecked Sendable {
    public let file: GGUFFile
    public let configuration: InferenceConfiguration
    public let tokenizer: Tokenizer
    /// How the file's conversations are written.
    public let chatTemplate: ChatTemplate

    let embedding: WeightMatrix
    let layers: [InferenceLayer]
    let outputNorm: UnsafePointer<Float>
    let output: WeightMatrix
    /// Factors by which rotary frequencies are divided, one for each pair, if the file has them.
    let rotaryDivisors: UnsafePointer<Float>?
    /// How inputs to the weights are kept beside binary32.
    let inputForms: InputForms
    private let norms: [FloatBuffer]

    /// Opens the model file at `path`.
    public convenience init(path: String) throws(GGUFError) {
        try self.init(file: GGUFFile(mapping: path))
    }

    /// Checks that `file` is a whole model of a supported architecture.
    ///
    /// - Throws: ``GGUFError`` naming the key or the tensor at fault.
    public init(file: GGUFFile) throws(GGUFError) {
        try file.checkModel()
        self.file = file
        configuration = try InferenceConfiguration(file)
        tokenizer = try Tokenizer(file)
        chatTemplate = ChatTemplate(source: file.metadata["tokenizer.chat_template"]?.string)
        var loader = TensorLoader(file: file)
        let c = configuration
        embedding = try loader.matrix("token_embd", columns: c.embeddingLength, rows: c.vocabularySize)
        var layers: [InferenceLayer] = []
        for index in 0..<c.layerCount { layers.append(try InferenceLayer(index, c, &loader)) }
        self.layers = layers
        outputNorm = try loader.norm("output_norm", c.embeddingLength)
        if file.tensor("output.weight") != nil {
            output = try loader.matrix("output", columns: c.embeddingLength, rows: c.vocabularySize)
        } else {
            output = embedding
        }
        if file.tensor("rope_freqs.weight") != nil {
            rotaryDivisors = try loader.norm("rope_freqs", c.rotaryLength / 2)
        } else {
            rotaryDivisors = nil
        }
        try loader.checkAllUsed()
        inputForms = c.followsLlama
            ? (layers.flatMap(\.matrices) + [output]).reduce([]) { $0.union(InputForms(llama: $1.type)) } : .fine
        norms = loader.norms
    }

    /// Bytes of the weights that one token reads, without the embedding.
    public var activeByteCount: Int {
        layers.reduce(output.rows * output.rowByteCount) { $0 + $1.activeByteCount }
    }
}
