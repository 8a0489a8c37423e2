/// Where a text is inside a JSON string (RFC 8259, section 7): what it means is matched, not how it is written.
struct StringCursor: Hashable, Sendable {
    private enum Pending: Hashable, Sendable {
        case none
        /// Bytes of one character: what they hold so far, how many follow, and the least character that needs so many.
        case bytes(UInt32, left: Int, least: UInt32)
        case escape
        case digits(UInt32, count: Int)
    }

    private(set) var position = TextMatcher.Position()
    private var pending = Pending.none
    /// The first half of a surrogate pair that an escape has given.
    private var high: UInt32?

    enum Step {
        case inside(StringCursor)
        case ended([UInt32])
    }

    /// Whether it stands between two characters.
    var isBetweenCharacters: Bool { pending == .none && high == nil }

    /// One more byte; nil where no allowed string goes on so.
    func advanced(by byte: UInt8, in matcher: TextMatcher, keepsText: Bool, surrogates: Bool) -> Step? {
        var next = self
        switch pending {
        case .none:
            switch byte {
            case UInt8(ascii: "\""):
                guard next.flush(matcher, keepsText, surrogates), matcher.accepts(next.position) else { return nil }
                return .ended(next.position.text)
            case UInt8(ascii: "\\"):
                next.pending = .escape
                return next.canContinue(matcher, keepsText, surrogates) ? .inside(next) : nil
            case 0..<0x20: return nil
            case 0x20..<0x80: return next.flush(matcher, keepsText, surrogates) && next.take(UInt32(byte), matcher, keepsText) ? .inside(next) : nil
            case 0xC2...0xDF: next.pending = .bytes(UInt32(byte & 0x1F), left: 1, least: 0x80)
            case 0xE0...0xEF: next.pending = .bytes(UInt32(byte & 0x0F), left: 2, least: 0x800)
            case 0xF0...0xF4: next.pending = .bytes(UInt32(byte & 0x07), left: 3, least: 0x10000)
            default: return nil
            }
            guard next.flush(matcher, keepsText, surrogates) else { return nil }
            return next.canContinue(matcher, keepsText, surrogates) ? .inside(next) : nil
        case .bytes(let value, let left, let least):
            guard byte & 0xC0 == 0x80 else { return nil }
            next.pending = left == 1 ? .none : .bytes(value << 6 | UInt32(byte & 0x3F), left: left - 1, least: least)
            if left == 1 { return next.take(value << 6 | UInt32(byte & 0x3F), matcher, keepsText) ? .inside(next) : nil }
            return next.canContinue(matcher, keepsText, surrogates) ? .inside(next) : nil
        case .escape:
            if byte == UInt8(ascii: "u") {
                next.pending = .digits(0, count: 0)
                return next.canContinue(matcher, keepsText, surrogates) ? .inside(next) : nil
            }
            guard let character = Self.escaped(byte) else { return nil }
            next.pending = .none
            return next.flush(matcher, keepsText, surrogates) && next.take(character, matcher, keepsText) ? .inside(next) : nil
        case .digits(let value, let count):
            guard let digit = Self.hexDigit(byte) else { return nil }
            let unit = value << 4 | digit
            if count < 3 {
                next.pending = .digits(unit, count: count + 1)
                return next.canContinue(matcher, keepsText, surrogates) ? .inside(next) : nil
            }
            next.pending = .none
            return next.take(unit: unit, matcher, keepsText, surrogates) ? .inside(next) : nil
        }
    }

    private static func escaped(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): UInt32(byte)
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 48...57: UInt32(byte - 48)
        case 65...70: UInt32(byte - 55)
        case 97...102: UInt32(byte - 87)
        default: nil
        }
    }

    private mutating func take(_ character: UInt32, _ matcher: TextMatcher, _ keepsText: Bool) -> Bool {
        guard let next = matcher.advanced(position, by: character, keepsText: keepsText) else { return false }
        position = next
        return true
    }

    /// A first half without its second becomes a character of its own.
    private mutating func flush(_ matcher: TextMatcher, _ keepsText: Bool, _ surrogates: Bool) -> Bool {
        guard let half = high else { return true }
        high = nil
        return surrogates && take(half, matcher, keepsText)
    }

    private mutating func take(unit: UInt32, _ matcher: TextMatcher, _ keepsText: Bool, _ surrogates: Bool) -> Bool {
        if let half = high, (0xDC00..<0xE000).contains(unit) {
            high = nil
            return take(0x10000 + (half - 0xD800) << 10 + (unit - 0xDC00), matcher, keepsText)
        }
        guard flush(matcher, keepsText, surrogates) else { return false }
        if (0xD800..<0xDC00).contains(unit) {
            high = unit
            return canContinue(matcher, keepsText, surrogates)
        }
        return (surrogates || !(0xDC00..<0xE000).contains(unit)) && take(unit, matcher, keepsText)
    }

    /// Whether what is begun can become an allowed character.
    private func canContinue(_ matcher: TextMatcher, _ keepsText: Bool, _ surrogates: Bool) -> Bool {
        if let half = high { return canContinue(after: half, matcher, keepsText, surrogates) }
        switch pending {
        case .none: return true
        case .bytes(let value, let left, let least):
            let shift = UInt32(6 * left)
            return canTake(max(value << shift, least), min(value << shift | (1 << shift - 1), CharacterSet.last), matcher, surrogates: false)
        case .escape: return canTake(0, CharacterSet.last, matcher, surrogates: surrogates)
        case .digits(let value, let count):
            let shift = UInt32(4 * (4 - count))
            return canTake(unitsFrom: value << shift, to: value << shift | (1 << shift - 1), matcher, surrogates)
        }
    }

    private func canTake(_ low: UInt32, _ high: UInt32, _ matcher: TextMatcher, surrogates: Bool) -> Bool {
        guard low <= high else { return false }
        if surrogates { return matcher.canAdvance(position, by: low...high) }
        if low < 0xD800, matcher.canAdvance(position, by: low...min(high, 0xD7FF)) { return true }
        return high > 0xDFFF && matcher.canAdvance(position, by: max(low, 0xE000)...high)
    }

    /// Escapes of four digits: characters, halves, and first halves of pairs.
    private func canTake(unitsFrom low: UInt32, to high: UInt32, _ matcher: TextMatcher, _ surrogates: Bool) -> Bool {
        if canTake(low, high, matcher, surrogates: surrogates) { return true }
        let (first, last) = (max(low, 0xD800), min(high, 0xDBFF))
        guard first <= last else { return false }
        return matcher.canAdvance(position, by: (0x10000 + (first - 0xD800) << 10)...(0x10000 + (last - 0xD800) << 10 + 0x3FF))
    }

    private func canContinue(after half: UInt32, _ matcher: TextMatcher, _ keepsText: Bool, _ surrogates: Bool) -> Bool {
        let pairs = 0x10000 + (half - 0xD800) << 10
        var lone = self
        let isLonePossible = lone.flush(matcher, keepsText, surrogates)
        switch pending {
        case .none: return isLonePossible || matcher.canAdvance(position, by: pairs...(pairs + 0x3FF))
        case .bytes: return isLonePossible && lone.canContinue(matcher, keepsText, surrogates)
        case .escape:
            return matcher.canAdvance(position, by: pairs...(pairs + 0x3FF)) || (isLonePossible && lone.canContinue(matcher, keepsText, surrogates))
        case .digits(let value, let count):
            let shift = UInt32(4 * (4 - count))
            let (low, high) = (value << shift, value << shift | (1 << shift - 1))
            let (first, last) = (max(low, 0xDC00), min(high, 0xDFFF))
            if first <= last, matcher.canAdvance(position, by: (pairs + first - 0xDC00)...(pairs + last - 0xDC00)) { return true }
            guard isLonePossible else { return false }
            return lone.canTake(low, min(high, 0xDBFF), matcher, surrogates: surrogates) || lone.canTake(max(low, 0xE000), high, matcher, surrogates: surrogates)
                || lone.canTake(unitsFrom: low, to: min(high, 0xDBFF), matcher, surrogates)
        }
    }
}
