/// The classes of characters by which text is cut into words.
///
/// They come from the Unicode tables of Swift's standard library. A character that was assigned after the Unicode
/// version of another implementation's tables may be in another class there.
enum CharacterClass: UInt8, Sendable {
    case letter, mark, number, punctuation, symbol, whitespace, other

    init(_ scalar: Unicode.Scalar) {
        self = scalar.value < 0x80 ? Self.ascii[Int(scalar.value)] : Self(properties: scalar.properties)
    }

    private init(properties: Unicode.Scalar.Properties) {
        guard !properties.isWhitespace else {
            self = .whitespace
            return
        }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
        case .nonspacingMark, .spacingMark, .enclosingMark: self = .mark
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            self = .punctuation
        case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: self = .symbol
        default: self = .other
        }
    }

    private static let ascii: [CharacterClass] = (UInt8(0)..<0x80).map {
        CharacterClass(properties: Unicode.Scalar($0).properties)
    }
}
