import FlowGrammar
import FlowJSON
import TestSupport
import Testing

@Suite struct TokenMaskTests {
    /// The tree gives what asking token by token gives.
    @Test func aMaskIsWhatEachTokenAlonePermits() throws {
        for seed in 0..<40 {
            var random = RandomSchema(source: SeededGenerator(seed: UInt64(seed)))
            guard let grammar = try? OutputGrammar(schema: random.schema()) else { continue }
            let tokens = RandomWalk<SeededGenerator>.vocabulary + [[]]
            let trie = TokenTrie(tokens: tokens)
            var state = grammar.start
            for _ in 0..<25 {
                let mask = trie.mask(state)
                let allowed = tokens.indices.filter { !tokens[$0].isEmpty && state.advanced(by: tokens[$0]) != nil }
                #expect(tokens.indices.filter { mask[$0] } == allowed, "seed \(seed)")
                guard let token = allowed.randomElement(using: &random.source), let next = state.advanced(by: tokens[token]) else { break }
                state = next
            }
        }
    }
}
