import Foundation

/// What was pressed.
enum Key: Equatable {
    case character(Character)
    case enter, newLine
    case left, right, up, down, home, end
    case backspace, delete, deleteWord, deleteToStart, deleteToEnd
    case interrupt, endOfInput
    case unknown
}

/// Turns a terminal's bytes into keys.
struct KeyReader {
    private var pending: [UInt8] = []
    private var isPasting = false

    /// The next key; nil at the end of the input.
    mutating func next() -> Key? {
        guard let byte = readByte() else { return nil }
        switch byte {
        case 0x0D: return isPasting ? .newLine : .enter
        case 0x0A: return .newLine
        case 0x1B: return escape()
        case 0x01: return .home
        case 0x02: return .left
        case 0x03: return .interrupt
        case 0x04: return .endOfInput
        case 0x05: return .end
        case 0x06: return .right
        case 0x08, 0x7F: return .backspace
        case 0x09: return .character(" ")
        case 0x0B: return .deleteToEnd
        case 0x0E: return .down
        case 0x10: return .up
        case 0x15: return .deleteToStart
        case 0x17: return .deleteWord
        case 0..<0x20: return .unknown
        default: return character(byte)
        }
    }

    private mutating func escape() -> Key {
        guard let byte = readByte() else { return .unknown }
        if byte == 0x0D || byte == 0x0A { return .newLine }
        guard byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") else { return .unknown }
        var parameters = ""
        while let next = readByte() {
            if (0x40...0x7E).contains(next) { return sequence(parameters, next) }
            parameters.append(Character(Unicode.Scalar(next)))
        }
        return .unknown
    }

    private mutating func sequence(_ parameters: String, _ last: UInt8) -> Key {
        switch (parameters, Character(Unicode.Scalar(last))) {
        case (_, "A"): return .up
        case (_, "B"): return .down
        case (_, "C"): return .right
        case (_, "D"): return .left
        case (_, "H"), ("1", "~"), ("7", "~"): return .home
        case (_, "F"), ("4", "~"), ("8", "~"): return .end
        case ("3", "~"): return .delete
        case ("200", "~"): isPasting = true
        case ("201", "~"): isPasting = false
        default: break
        }
        return .unknown
    }

    private mutating func character(_ first: UInt8) -> Key {
        var bytes = [first]
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1
        while bytes.count < length, let next = readByte() { bytes.append(next) }
        guard let text = String(validating: bytes, as: UTF8.self), let character = text.first else { return .unknown }
        return .character(character)
    }

    private mutating func readByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count == 1 { return byte }
            if count < 0, errno == EINTR { continue }
            return nil
        }
    }
}
