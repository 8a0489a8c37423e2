/// How far a text has come in a grammar, as a value: the text can always be brought to an end from here.
public struct GrammarState: Sendable {
    enum Kind: Sendable {
        case json(JSONState)
        case rules(RuleState)
    }

    let kind: Kind

    /// Whether the text may end here.
    public var isComplete: Bool {
        switch kind {
        case .json(let state): state.isComplete
        case .rules(let state): state.isComplete
        }
    }

    /// The state after one more byte; nil where no text of the grammar goes on so.
    public func advanced(by byte: UInt8) -> GrammarState? {
        switch kind {
        case .json(let state): state.advanced(by: byte).map { GrammarState(kind: .json($0)) }
        case .rules(let state): state.advanced(by: byte).map { GrammarState(kind: .rules($0)) }
        }
    }

    /// The state after some bytes.
    public func advanced(by bytes: some Sequence<UInt8>) -> GrammarState? {
        var state = self
        for byte in bytes {
            guard let next = state.advanced(by: byte) else { return nil }
            state = next
        }
        return state
    }

    /// Whether no byte can follow.
    var isStuck: Bool { !(UInt8.min...UInt8.max).contains { advanced(by: $0) != nil } }
}
