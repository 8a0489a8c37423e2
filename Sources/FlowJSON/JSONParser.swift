/// Reads JSON (RFC 8259) from bytes that anybody may have sent: bounded depth, strict grammar, no trap.
public struct JSONParser {
    /// The document is not JSON.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        public let reason: String
        public let offset: Int
        public var description: String { "expected JSON, found \(reason) at byte \(offset)" }
    }

    private let bytes: [UInt8]
    private var offset = 0
    private let maximumDepth: Int

    /// Reads one document; nothing but white space may follow.
    public static func parse(_ bytes: [UInt8], maximumDepth: Int = 128) throws(Failure) -> JSONValue {
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.offset == bytes.count else { throw parser.failure("more text after the document") }
        return value
    }

    /// Reads one document from text.
    public static func parse(_ text: String) throws(Failure) -> JSONValue { try parse(Array(text.utf8)) }

    private init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    private func failure(_ reason: String) -> Failure { Failure(reason: reason, offset: offset) }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth < maximumDepth else { throw failure("nesting deeper than \(maximumDepth)") }
        skipSpace()
        switch next {
        case nil: throw failure("the end")
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        for byte in text.utf8 {
            guard next == byte else { throw failure("a word that is not \(text)") }
            offset += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        offset += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            offset += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw failure("a member without a name") }
            let name = try string()
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw failure("a name without a colon") }
            offset += 1
            members.append(.init(name, try value(depth: depth + 1)))
            if try separator(closing: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        offset += 1
        var items: [JSONValue] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            offset += 1
            return .array(items)
        }
        while true {
            items.append(try value(depth: depth + 1))
            if try separator(closing: UInt8(ascii: "]")) { return .array(items) }
        }
    }

    /// Passes a comma (false) or the closing bracket (true).
    private mutating func separator(closing: UInt8) throws(Failure) -> Bool {
        skipSpace()
        guard let byte = next, byte == closing || byte == UInt8(ascii: ",") else { throw failure("neither a comma nor a closing bracket") }
        offset += 1
        return byte == closing
    }

    private mutating func number() throws(Failure) -> String {
        let start = offset
        if next == UInt8(ascii: "-") { offset += 1 }
        let leadingZero = next == UInt8(ascii: "0")
        let whole = try digits()
        guard !(leadingZero && whole > 1) else { throw failure("a number with a leading zero") }
        if next == UInt8(ascii: ".") {
            offset += 1
            _ = try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            _ = try digits()
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func digits() throws(Failure) -> Int {
        let start = offset
        while let byte = next, (48...57).contains(byte) { offset += 1 }
        guard offset > start else { throw failure("no digit") }
        return offset - start
    }

    private mutating func string() throws(Failure) -> String {
        offset += 1
        var content: [UInt8] = []
        while let byte = next {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else { throw failure("text that is not UTF-8") }
                return text
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw failure("a control character in a string")
            default: content.append(byte)
            }
        }
        throw failure("a string without an end")
    }

    private mutating func escape(into content: inout [UInt8]) throws(Failure) {
        guard let byte = next else { throw failure("the end") }
        offset += 1
        switch byte {
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "u"):
            var unit = try hexUnit()
            if (0xD800..<0xDC00).contains(unit), next == UInt8(ascii: "\\"), offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "u") {
                offset += 2
                let low = try hexUnit()
                guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
                unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(unit) else { throw failure("half a surrogate pair") }
            content.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw failure("an unknown escape")
        }
    }

    private mutating func hexUnit() throws(Failure) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw failure("an escape without four hex digits") }
            unit = unit << 4 | UInt32(digit)
            offset += 1
        }
        return unit
    }
}
