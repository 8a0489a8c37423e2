import Foundation

/// Draws a message that is being typed, over as many lines of the terminal as it takes.
struct LineScreen {
    private let prompt: String
    private var cursorRow = 0
    private var lastRow = 0

    init(prompt: String) { self.prompt = prompt }

    mutating func draw(_ editor: LineEditor) {
        let width = max(2, Self.terminalWidth)
        var output = cursorRow > 0 ? "\u{1B}[\(cursorRow)A" : ""
        output += "\r\u{1B}[J" + prompt
        var row = 0
        var column = prompt.count
        var place = (row: 0, column: column)
        for (index, character) in editor.characters.enumerated() {
            if index == editor.cursor { place = (row, column) }
            if character == "\n" {
                output += "\r\n  "
                row += 1
                column = 2
                continue
            }
            let cells = Self.cells(character)
            if column + cells > width {
                output += "\r\n"
                row += 1
                column = 0
            }
            output.append(character)
            column += cells
        }
        if editor.cursor == editor.characters.count { place = (row, column) }
        if place.column >= width {
            // A cursor behind the last cell stands at the beginning of the next line.
            if place.row == row {
                output += "\r\n"
                row += 1
            }
            place = (place.row + 1, 0)
        }
        if row > place.row { output += "\u{1B}[\(row - place.row)A" }
        output += "\r" + (place.column > 0 ? "\u{1B}[\(place.column)C" : "")
        cursorRow = place.row
        lastRow = row
        standardOutput(output)
    }

    /// Leaves the message where it is and goes to the line after it.
    func finish(_ editor: LineEditor) {
        standardOutput((lastRow > cursorRow ? "\u{1B}[\(lastRow - cursorRow)B" : "") + "\r\n")
    }

    private static var terminalWidth: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Cells that a character takes: two for East Asian wide characters and emoji.
    private static func cells(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        if scalar.properties.isEmojiPresentation { return 2 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
