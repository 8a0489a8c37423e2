/// Names of metadata keys that this library reads or writes itself.
public enum GGUFKey {
    public static let alignment = "general.alignment"
    public static let architecture = "general.architecture"
    public static let tokenizerModel = "tokenizer.ggml.model"
    public static let tokens = "tokenizer.ggml.tokens"
    public static let tokenTypes = "tokenizer.ggml.token_type"
    public static let scores = "tokenizer.ggml.scores"
    public static let merges = "tokenizer.ggml.merges"
    static let splitNumber = "split.no"
    static let splitCount = "split.count"
    static let splitTensorCount = "split.tensors.count"
}
