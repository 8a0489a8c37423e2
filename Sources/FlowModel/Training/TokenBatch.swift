/// The tokens of one training or evaluation step: `windows` rows of `contextLength + 1` tokens.
///
/// In each row the first `contextLength` tokens are inputs and the last `contextLength` are their targets.
public struct TokenBatch: Sendable, Equatable {
    /// Number of windows, B.
    public let windows: Int
    /// Number of positions in a window, L.
    public let contextLength: Int
    /// `windows × (contextLength + 1)` token ids, window by window.
    public let tokens: [UInt16]

    /// - Precondition: `tokens.count == windows × (contextLength + 1)`.
    public init(windows: Int, contextLength: Int, tokens: [UInt16]) {
        precondition(
            windows >= 0 && contextLength >= 0 && tokens.count == windows * (contextLength + 1),
            "a batch of \(windows) windows of \(contextLength) positions needs \(windows) × \(contextLength + 1) tokens, got \(tokens.count)"
        )
        self.windows = windows
        self.contextLength = contextLength
        self.tokens = tokens
    }
}
