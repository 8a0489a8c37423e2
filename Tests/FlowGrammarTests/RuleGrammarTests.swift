import FlowGrammar
import Testing

/// llama.cpp's notation: what it takes and refuses was tried with llama.cpp at 0c1e570.
@Suite struct RuleGrammarTests {
    @Test(arguments: [
        ("root ::= \"\"\"a\"\"\"", "a", "aa"), ("root ::= \"a\"{2,}", "aaa", "a"), ("root ::= \"a\"{2}", "aa", "aaa"), ("root ::= \"a\"{0} \"b\"", "b", "ab"),
        (#"root ::= "\x41\u00e9\U0001F600""#, "Aé😀", "A"), ("root ::= | \"a\"", "", "b"), ("root ::= \"a\" | ", "", "b"), ("root ::= ()", "", "a"),
        ("root ::= []", "", "a"), ("root ::= x\nx ::= \"1\"", "1", "x"), ("# note\nroot ::= \"a\" # more\n", "a", "#"), ("root ::= \"a\"\nroot ::= \"b\"", "b", "a"),
        ("root ::= a-1\na-1 ::= [0-9]+", "12", ""), ("root ::= \"a\" |\n \"b\"", "b", "c"), ("root ::= (\n\"a\"\n| \"b\")", "b", "c"),
        ("root::=\"a\"\r\nx\t::= .", "a", "b"), ("root ::= .", "\n", "ab"), ("root ::= \"a\"{2000}", String(repeating: "a", count: 2000), "a"),
        ("root ::= [^\"\\\\]* \"\\\"\"", "é\"", "\"\""), ("root ::= \"(\" root \")\" | \"x\"", "((x))", "((x)"), ("root ::= \"a\" root \"b\" root | ", "aabbab", "aab"),
        ("root ::= \"ab\"*", "abab", "aba"), ("root ::= (\"a\" | \"ab\") (\"c\" | \"bc\")", "abc", "ab"), ("root ::= [a-c-]", "-", "d"),
    ])
    func takes(_ grammar: String, _ taken: String, _ refused: String) throws {
        let grammar = try OutputGrammar(gbnf: grammar)
        #expect(grammar.start.advanced(by: taken.utf8)?.isComplete == true)
        #expect(grammar.start.advanced(by: refused.utf8)?.isComplete != true)
    }

    @Test(arguments: [
        "root ::= \"a\"{,2}", #"root ::= "\u{e9}""#, #"root ::= "\q""#, "root ::= root \"a\" | \"b\"", "root ::= x\nx ::= root", "root ::= e root \"a\" | \"b\"\ne ::= \"x\"?",
        "root ::= \"a\"**", "root ::= \"a\"\nx ::=\ny ::= \"b\"", "root ::= \"a\"\nx ::= nowhere", "x ::= \"a\"", "a_b ::= \"a\"\nroot ::= \"a\"", "root ::= \"a\"\n| \"b\"",
        "\u{FEFF}root ::= \"a\"", "root ::= 'a'", "root = \"a\"", "root ::= \"a\";", "root ::= \"a\"{2001}", "root ::= \"a", "root ::= (\"a\"", "",
    ])
    func refuses(_ grammar: String) { #expect(throws: RuleError.self) { try OutputGrammar(gbnf: grammar) } }

    @Test func anEndlessRuleHasNoTexts() throws { #expect(try OutputGrammar(gbnf: "root ::= \"a\" root").isEmpty) }

    @Test func aCharacterMayComeInPieces() throws {
        let state = try OutputGrammar(gbnf: "root ::= [à-ÿ]").start
        #expect(state.advanced(by: [0xC3, 0xA9])?.isComplete == true)
        #expect(state.advanced(by: [0xC3])?.isComplete == false)
        #expect(state.advanced(by: [0xC4]) == nil)
    }

    @Test func ambiguityCostsLittle() throws {
        let grammar = try OutputGrammar(gbnf: "root ::= s\ns ::= \"a\" s s | \"a\" s | \"a\"")
        #expect(grammar.start.advanced(by: Array(repeating: UInt8(ascii: "a"), count: 200))?.isComplete == true)
    }
}
