/// A grammar in llama.cpp's notation that is refused.
public struct RuleError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Counted from 1; 0 where the whole grammar is meant.
    public let line: Int
    public let reason: String
    public var description: String { line > 0 ? "line \(line) of the grammar: \(reason)" : "the grammar: \(reason)" }
}
