import FlowGrammar

/// A model that knows nothing: draws tokens from masks until the text is complete.
struct RandomWalk<Source: RandomNumberGenerator> {
    enum Outcome: Equatable {
        case text([UInt8])
        /// No token was allowed though the text was not complete.
        case stuck([UInt8])
        case endless([UInt8])
    }

    static var vocabulary: [[UInt8]] {
        (UInt8.min...UInt8.max).map { [$0] }
            + ["{\"", "\":", "\": ", "\",\"", "\"}", "true", "false", "null", "},{", "[[", "]]", "ab", "name\":", "\\u00", "\\n", "12", "0.", "e-", "é", "😀", ", ", "\n  ", "@a", "555-"]
            .map { Array($0.utf8) }
    }

    let trie = TokenTrie(tokens: vocabulary)
    let tokens = vocabulary
    var source: Source

    mutating func walk(_ grammar: OutputGrammar, wantedLength: Int) -> Outcome {
        var state = grammar.start
        var text: [UInt8] = []
        while text.count < wantedLength * 8 + 400 {
            if state.isComplete, text.count >= wantedLength || Int.random(in: 0..<4, using: &source) == 0 { return .text(text) }
            let mask = trie.mask(state)
            let allowed = tokens.indices.filter { mask[$0] }
            guard !allowed.isEmpty else { return state.isComplete ? .text(text) : .stuck(text) }
            let bytes = tokens[choose(allowed, isClosing: text.count >= wantedLength)]
            guard let next = state.advanced(by: bytes) else { return .stuck(text) }
            (state, text) = (next, text + bytes)
        }
        return .endless(text)
    }

    /// Readable text for the most part; what ends values, where the text has become long.
    private mutating func choose(_ allowed: [Int], isClosing: Bool) -> Int {
        if isClosing {
            for wanted in "\"]}:,".utf8 where allowed.contains(Int(wanted)) && Int.random(in: 0..<8, using: &source) > 0 { return Int(wanted) }
        }
        let readable = allowed.filter { tokens[$0].allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        let list = readable.isEmpty || Int.random(in: 0..<12, using: &source) == 0 ? allowed : readable
        if !isClosing, Int.random(in: 0..<3, using: &source) == 0, let quote = list.first(where: { $0 == 0x22 }) { return quote }
        return list[Int.random(in: 0..<list.count, using: &source)]
    }
}
