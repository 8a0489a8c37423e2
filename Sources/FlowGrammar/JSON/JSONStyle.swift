/// Which of several ways to write the same JSON are taken.
public struct JSONStyle: Sendable {
    /// The most blanks (space, tab, line ends) in a row; nil for any number.
    public var longestBlank: Int?
    /// Whether an escaped half of a surrogate pair may stand alone. RFC 8259 lets it, many readers do not.
    public var allowsLoneSurrogates: Bool
    /// Whether a key may come again in one object. Each of its values has to be valid, so that every reader finds a valid one.
    public var allowsRepeatedKeys: Bool

    /// Everything that RFC 8259 lets be written.
    public static let any = JSONStyle(longestBlank: nil, allowsLoneSurrogates: true, allowsRepeatedKeys: true)
    /// What every reader reads: no key twice, no halves of surrogate pairs, and few blanks, so that a model does not write blanks without end.
    public static let strict = JSONStyle(longestBlank: 40, allowsLoneSurrogates: false, allowsRepeatedKeys: false)
}
