public import FlowTensor

/// One conversation with a model: the tokens so far, and what the model keeps of them.
///
/// What it computes does not depend on what the host program set its processor to (`withCanonicalFloatingPoint`).
///
/// A session is for one thread at a time; several sessions may share a model.
public final class InferenceSession {
    public let model: InferenceModel
    /// Most tokens that the session holds.
    public let capacity: Int
    /// The tokens that were processed.
    public private(set) var tokens: [Int] = []
    /// The logits after the last token, `vocabularySize` elements; empty before the first token.
    public private(set) var logits: [Float] = []

    private let pass: ForwardPass
    /// Tokens that are processed together.
    private static let pieceLength = 512

    /// - Parameters:
    ///   - capacity: most tokens to hold; the model's context length by default, at most 32,768.
    ///   - pool: threads that compute.
    public init(model: InferenceModel, capacity: Int? = nil, pool: ThreadPool = .single) {
        self.model = model
        self.capacity = max(1, capacity ?? min(model.configuration.contextLength, 32_768))
        pass = withCanonicalFloatingPoint { ForwardPass(model: model, pool: pool) }
    }

    /// Processes `prompt` after what is there.
    ///
    /// - Parameter progress: called after each piece with the tokens done so far; false cancels. What was done stays.
    /// - Throws: ``InferenceError``; the session stays usable.
    public func prefill(_ prompt: [Int], progress: (Int) -> Bool = { _ in true }) throws(InferenceError) {
        try check(prompt)
        var rest = prompt[...]
        while !rest.isEmpty {
            advance(&rest)
            guard progress(prompt.count - rest.count) || rest.isEmpty else {
                logits = []
                throw .cancelled
            }
        }
        try checkLogits()
    }

    /// Processes one token after what is there.
    public func decode(_ token: Int) throws(InferenceError) {
        try prefill([token])
    }

    /// Processes `prompt` after what is there and returns the logits after each of its tokens.
    public func logits(for prompt: [Int]) throws(InferenceError) -> [[Float]] {
        try check(prompt)
        var result: [[Float]] = []
        for start in stride(from: 0, to: prompt.count, by: Self.pieceLength) {
            process(prompt[start..<min(start + Self.pieceLength, prompt.count)], firstLogits: 0) {
                result.append(Array($0))
            }
        }
        logits = result.last ?? []
        return result
    }

    /// Forgets all tokens but the first `count`.
    public func rewind(to count: Int) {
        guard count >= 0, count < tokens.count else { return }
        tokens.removeLast(tokens.count - count)
        logits = []
    }

    /// Makes `prompt` what the session holds. The longest common beginning is kept and not computed again.
    ///
    /// - Returns: tokens that were reused.
    @discardableResult
    public func replace(with prompt: [Int], progress: (Int) -> Bool = { _ in true }) throws(InferenceError) -> Int {
        let reused = try begin(prompt)
        try prefill(Array(prompt[reused...]), progress: progress)
        return reused
    }

    /// Tokens that the session and `prompt` begin with in common.
    public func commonPrefix(with prompt: [Int]) -> Int { zip(tokens, prompt).prefix { $0 == $1 }.count }

    /// Keeps what `prompt` has in common with the session and forgets the rest.
    ///
    /// - Returns: tokens that were kept, fewer than `prompt` has: its last token is always processed, for its logits.
    func begin(_ prompt: [Int]) throws(InferenceError) -> Int {
        guard !prompt.isEmpty else { throw .emptyPrompt }
        guard prompt.count <= capacity else { throw .contextFull(needed: prompt.count, capacity: capacity) }
        let kept = min(commonPrefix(with: prompt), prompt.count - 1)
        try checkVocabulary(prompt[kept...])
        rewind(to: kept)
        return kept
    }

    /// Processes the next piece of `rest`, which was checked before; the last piece leaves its logits.
    func advance(_ rest: inout ArraySlice<Int>) {
        let piece = rest.prefix(Self.pieceLength)
        rest.removeFirst(piece.count)
        process(piece, firstLogits: rest.isEmpty ? piece.count - 1 : piece.count) { logits = Array($0) }
    }

    private func check(_ prompt: [Int]) throws(InferenceError) {
        guard !prompt.isEmpty else { throw .emptyPrompt }
        guard prompt.count <= capacity - tokens.count else {
            throw .contextFull(needed: tokens.count + prompt.count, capacity: capacity)
        }
        try checkVocabulary(prompt[...])
    }

    private func checkVocabulary(_ prompt: ArraySlice<Int>) throws(InferenceError) {
        let size = model.configuration.vocabularySize
        if let token = prompt.first(where: { $0 < 0 || $0 >= size }) {
            throw .tokenOutOfRange(token: token, vocabularySize: size)
        }
    }

    private func process(_ piece: ArraySlice<Int>, firstLogits: Int, _ body: (UnsafeBufferPointer<Float>) -> Void) {
        withCanonicalFloatingPoint {
            pass.run(piece, at: tokens.count, limit: capacity, firstLogits: firstLogits, logits: body)
        }
        tokens.append(contentsOf: piece)
    }

    func checkLogits() throws(InferenceError) {
        guard logits.contains(where: \.isFinite) else { throw .nonFiniteLogits(position: tokens.count - 1) }
    }
}
