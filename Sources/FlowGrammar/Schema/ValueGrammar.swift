/// Everything that a schema says about JSON texts, ready to be followed: for each goal the forms of its values. Goal 0 is the document.
final class ValueGrammar: Sendable {
    let forms: [[ValueForm]]
    /// The least depth of arrays and objects in a value of the goal; nil where it has none.
    let heights: [Int?]
    let limits: GrammarLimits
    let hasUnique: Bool

    init(forms: [[ValueForm]], heights: [Int?], limits: GrammarLimits, hasUnique: Bool) {
        (self.forms, self.heights, self.limits, self.hasUnique) = (forms, heights, limits, hasUnique)
    }
}
