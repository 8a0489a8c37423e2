import FlowGrammar
import FlowJSON
import TestSupport
import Testing

/// Damaged schemas and grammars: a value or a typed error, never a trap, and masks that keep their word.
@Suite struct MutationTests {
    private func mutated(_ text: String, _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
            case 2: bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random)
            default:
                let end = min(bytes.count, place + Int.random(in: 1...8, using: &random))
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            }
        }
        return bytes
    }

    @Test func damagedSchemas() throws {
        var read = 0
        for seed in 0..<3_000 {
            var random = RandomSchema(source: SeededGenerator(seed: UInt64(seed)))
            guard let value = try? JSONParser.parse(mutated(random.schema().text, &random.source)) else { continue }
            guard let grammar = try? OutputGrammar(schema: value) else { continue }
            read += 1
            follow(grammar, &random.source)
        }
        #expect(read > 0)
    }

    @Test func damagedGrammars() throws {
        let grammars = [
            "root ::= object\nvalue ::= object | string | [0-9]{1,15} | \"null\"\nobject ::= \"{\" ( string \":\" value (\",\" string \":\" value)* )? \"}\"\nstring ::= \"\\\"\" [^\"\\\\]* \"\\\"\"\n",
            "root ::= (expr \"=\" term \"\\n\")+\nexpr ::= term ([-+*/] term)*\nterm ::= [a-z] [a-z0-9_]* | [0-9]+ | \"(\" expr \")\" # terms\n",
        ]
        var read = 0
        for seed in 0..<3_000 {
            var random = SeededGenerator(seed: UInt64(seed))
            guard let grammar = try? OutputGrammar(gbnf: String(decoding: mutated(grammars[seed % 2], &random), as: UTF8.self)) else { continue }
            read += 1
            follow(grammar, &random)
        }
        #expect(read > 0)
    }

    /// A few bytes that are allowed, and one that may not be.
    private func follow(_ grammar: OutputGrammar, _ random: inout SeededGenerator) {
        var state = grammar.start
        for _ in 0..<12 {
            _ = state.advanced(by: UInt8.random(in: .min ... .max, using: &random))
            guard let byte = (UInt8.min...UInt8.max).filter({ state.advanced(by: $0) != nil }).randomElement(using: &random) else {
                #expect(state.isComplete || grammar.isEmpty)
                return
            }
            guard let next = state.advanced(by: byte) else { return }
            state = next
        }
    }
}
