/// A message while it is typed. Knows no terminal.
struct LineEditor {
    enum Outcome: Equatable {
        case edited, accepted, abandoned, ended
    }

    private(set) var characters: [Character] = []
    private(set) var cursor = 0
    private let history: [String]
    private var place: Int
    private var draft: [Character] = []

    init(history: [String]) {
        self.history = history
        place = history.count
    }

    var text: String { String(characters) }

    mutating func handle(_ key: Key) -> Outcome {
        switch key {
        case .character(let character): insert(character)
        case .newLine: insert("\n")
        case .enter:
            guard cursor > 0, cursor == characters.count, characters[cursor - 1] == "\\" else { return .accepted }
            characters[cursor - 1] = "\n"
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(characters.count, cursor + 1)
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .up: recall(place - 1)
        case .down: recall(place + 1)
        case .backspace: remove(max(0, cursor - 1)..<cursor)
        case .delete: remove(cursor..<min(characters.count, cursor + 1))
        case .deleteToStart: remove(0..<cursor)
        case .deleteToEnd: remove(cursor..<characters.count)
        case .deleteWord:
            var start = cursor
            while start > 0, characters[start - 1].isWhitespace { start -= 1 }
            while start > 0, !characters[start - 1].isWhitespace { start -= 1 }
            remove(start..<cursor)
        case .interrupt: return .abandoned
        case .endOfInput:
            if characters.isEmpty { return .ended }
            remove(cursor..<min(characters.count, cursor + 1))
        case .unknown: break
        }
        return .edited
    }

    private mutating func insert(_ character: Character) {
        characters.insert(character, at: cursor)
        cursor += 1
    }

    private mutating func remove(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private mutating func recall(_ wanted: Int) {
        guard wanted >= 0, wanted <= history.count, wanted != place else { return }
        if place == history.count { draft = characters }
        place = wanted
        characters = wanted == history.count ? draft : Array(history[wanted])
        cursor = characters.count
    }
}
