public import FlowJSON

/// What a model may write: a language that texts are followed through byte by byte.
public struct OutputGrammar: Sendable {
    enum Kind: Sendable {
        case json(ValueGrammar, JSONStyle)
        case rules(RuleGrammar)
    }

    let kind: Kind

    /// The JSON texts that satisfy a schema (JSON Schema draft 2020-12, and the forms of drafts 4 to 7 that clients send).
    ///
    /// `format` is a remark, as the standard has it. Keys may come in any order. A schema that nothing satisfies gives a grammar without texts, see ``isEmpty``.
    ///
    /// - Throws: ``SchemaError`` for a keyword, or a combination of keywords, that cannot be honoured.
    public init(schema: JSONValue, style: JSONStyle = .any) throws(SchemaError) {
        kind = .json(try SchemaCompiler.compile(schema, limits: GrammarLimits()), style)
    }

    /// A grammar in the notation of llama.cpp, from its rule `root`.
    ///
    /// - Throws: ``RuleError`` where llama.cpp refuses it as well: left recursion, rules that are not defined, more than 2000 repetitions.
    public init(gbnf text: String) throws(RuleError) { kind = .rules(try RuleGrammar(text)) }

    /// Before the first byte.
    public var start: GrammarState {
        switch kind {
        case .json(let grammar, let style): GrammarState(kind: .json(JSONState(grammar: grammar, style: style)))
        case .rules(let grammar): GrammarState(kind: .rules(RuleState(grammar)))
        }
    }

    /// Whether no text belongs to it.
    public var isEmpty: Bool { !start.isComplete && start.isStuck }
}
