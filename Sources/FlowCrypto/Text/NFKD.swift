/// Normalisation form KD of Unicode, as BIP-39 asks it of passphrases, without Foundation.
///
/// The data is the project's own copy, not the standard library's, so that a passphrase gives the same key on every
/// version of Swift.
enum NFKD {
    /// The text with every character decomposed and combining marks in canonical order. ASCII stays as it is.
    static func normalize(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        var scalars: [(value: UInt32, combiningClass: UInt32)] = []
        for scalar in text.unicodeScalars {
            decompose(scalar.value) { scalars.append(($0, combiningClasses.value(of: $0)?.first ?? 0)) }
        }
        // Sorts each run of marks by class; marks of one class keep their order.
        for end in scalars.indices where scalars[end].combiningClass > 0 {
            var position = end
            while position > 0, scalars[position - 1].combiningClass > scalars[position].combiningClass {
                scalars.swapAt(position - 1, position)
                position -= 1
            }
        }
        var result = String.UnicodeScalarView()
        for scalar in scalars { Unicode.Scalar(scalar.value).map { result.append($0) } }
        return String(result)
    }

    private static func decompose(_ scalar: UInt32, _ append: (UInt32) -> Void) {
        // Hangul syllables are computed (Unicode, section 3.12).
        let syllable = scalar &- 0xac00
        if syllable < 11_172 {
            append(0x1100 + syllable / 588)
            append(0x1161 + syllable % 588 / 28)
            if syllable % 28 > 0 { append(0x11a7 + syllable % 28) }
        } else if let values = decompositions.value(of: scalar) {
            for value in values { append(value) }
        } else {
            append(scalar)
        }
    }

    private static let decompositions = Table(NFKDTable.decompositions, step: 1)
    private static let combiningClasses = Table(NFKDTable.combiningClasses, step: 0)

    /// Ranges of code points in order, found by bisection.
    private struct Table: Sendable {
        private struct Entry { var start: UInt32, count: UInt32, first: Int, valueCount: Int }
        private var entries: [Entry] = []
        private var values: [UInt32] = []
        private let step: UInt32

        init(_ text: String, step: UInt32) {
            self.step = step
            var end: UInt32 = 0
            for token in text.utf8.split(separator: 0x20) {
                let sides = token.split(separator: 0x3d, omittingEmptySubsequences: false)
                guard sides.count == 2 else { continue }
                let place = sides[0].split(separator: 0x2b, omittingEmptySubsequences: false)
                let start = end + (place.first.map(Self.number) ?? 0)
                let count = place.count > 1 ? Self.number(place[1]) : 1
                let list = sides[1].split(separator: 0x2e).map(Self.number)
                entries.append(Entry(start: start, count: count, first: values.count, valueCount: list.count))
                values += list
                end = start + count
            }
        }

        private static func number(_ digits: Substring.UTF8View) -> UInt32 {
            digits.reduce(0) { $0 << 4 | UInt32($1 < 58 ? $1 - 48 : $1 - 87) }
        }

        func value(of scalar: UInt32) -> [UInt32]? {
            var low = 0
            var high = entries.count
            while low < high {
                let middle = (low + high) / 2
                let entry = entries[middle]
                if scalar < entry.start {
                    high = middle
                } else if scalar - entry.start >= entry.count {
                    low = middle + 1
                } else {
                    let distance = (scalar - entry.start) * step
                    return values[entry.first..<entry.first + entry.valueCount].map { $0 + distance }
                }
            }
            return nil
        }
    }
}
