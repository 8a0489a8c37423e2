/// What compiling a grammar may cost. What needs more is refused.
struct GrammarLimits: Sendable {
    /// Steps of one regular expression.
    var patternSteps = 20_000
    /// States and edges of an automaton over text.
    var textStates = 5_000
    var textEdges = 300_000
    /// Steps times edges of the search for reachable lengths.
    var lengthWork = 40_000_000
    /// Conjunctions that one value can be, after allOf, anyOf, oneOf, not and if are multiplied out.
    var alternatives = 2_000
    /// Different sets of schemas that values have to satisfy at once.
    var goals = 20_000
    /// Threads that a state follows at once; further ones are dropped, each of them stands for texts of its own.
    var threads = 1_000
    /// Depth of arrays and objects in a document.
    var depth = 128
    /// Values that an array of unique items is compared with.
    var uniqueItems = 1_000
}
