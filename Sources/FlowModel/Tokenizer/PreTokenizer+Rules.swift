extension PreTokenizer.Rule {
    /// Calls `emit` with the parts of `word`, in order and without gaps. Nothing outside of `word` is looked at: for a
    /// rule its word is the whole text.
    func cut(_ text: CharacterRun, _ word: Range<Int>, _ emit: (Range<Int>) -> Void) {
        switch self {
        case .classicWords: cutWords(text, word, emit) { Self.classicWord(text, $0, word.upperBound) }
        case .modernWords(let digits, let marks):
            cutWords(text, word, emit) { Self.modernWord(text, $0, word.upperBound, digits: digits, marks: marks) }
        case .singleNumbers: isolate(text, word, emit) { text.classes[$0] == .number ? $0 + 1 : $0 }
        case .numberRuns: isolate(text, word, emit) { Self.run(text, $0, word.upperBound) { $0 == .number } }
        case .digitTriples:
            isolate(text, word, emit) { start in
                let end = start + 3
                guard end <= word.upperBound else { return start }
                return text.scalars[start..<end].allSatisfy { ("0"..."9").contains($0) } ? end : start
            }
        case .punctuationRuns(let backtick):
            isolate(text, word, emit) { start in
                var end = start
                while end < word.upperBound, Self.isPunctuation(text, end, backtick: backtick) { end += 1 }
                return end
            }
        }
    }

    /// Parts that follow each other; `end` gives where the part that begins at its argument ends, further on.
    private func cutWords(
        _ text: CharacterRun, _ word: Range<Int>, _ emit: (Range<Int>) -> Void, end: (Int) -> Int
    ) {
        var start = word.lowerBound
        while start < word.upperBound {
            let next = end(start)
            emit(start..<next)
            start = next
        }
    }

    /// What matches, and what lies between; `end` gives its argument where nothing matches.
    private func isolate(
        _ text: CharacterRun, _ word: Range<Int>, _ emit: (Range<Int>) -> Void, end: (Int) -> Int
    ) {
        var gap = word.lowerBound
        var start = gap
        while start < word.upperBound {
            let next = end(start)
            if next > start {
                if gap < start { emit(gap..<start) }
                emit(start..<next)
                gap = next
                start = next
            } else {
                start += 1
            }
        }
        if gap < word.upperBound { emit(gap..<word.upperBound) }
    }

    private static func run(
        _ text: CharacterRun, _ start: Int, _ limit: Int, _ belongs: (CharacterClass) -> Bool
    ) -> Int {
        var end = start
        while end < limit, belongs(text.classes[end]) { end += 1 }
        return end
    }

    private static func isPunctuation(_ text: CharacterRun, _ index: Int, backtick: Bool) -> Bool {
        if text.classes[index] == .punctuation { return true }
        switch text.scalars[index] {
        case "$", "+", "<", "=", ">", "^", "~", "|": return true
        case "`": return backtick
        default: return false
        }
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    private static func classicWord(_ text: CharacterRun, _ start: Int, _ limit: Int) -> Int {
        if let end = contraction(text, start, limit, anyCase: false) { return end }
        let first = text.scalars[start] == " " && start + 1 < limit ? start + 1 : start
        switch text.classes[first] {
        case .letter: return run(text, first, limit) { $0 == .letter }
        case .number: return run(text, first, limit) { $0 == .number }
        case .whitespace: return whitespace(text, start, limit)
        default: return run(text, first, limit) { $0 != .letter && $0 != .number && $0 != .whitespace }
        }
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    private static func modernWord(
        _ text: CharacterRun, _ start: Int, _ limit: Int, digits: Int, marks: Bool
    ) -> Int {
        if let end = contraction(text, start, limit, anyCase: true) { return end }
        func isLetter(_ kind: CharacterClass) -> Bool { kind == .letter || (marks && kind == .mark) }
        let kind = text.classes[start]
        if !isNewline(text, start), kind != .number,
            isLetter(kind) || (start + 1 < limit && isLetter(text.classes[start + 1])) {
            return run(text, start + 1, limit, isLetter)
        }
        if kind == .number { return min(run(text, start, limit) { $0 == .number }, start + digits) }
        let first = text.scalars[start] == " " && start + 1 < limit ? start + 1 : start
        if !isLetter(text.classes[first]), text.classes[first] != .number, text.classes[first] != .whitespace {
            var end = run(text, first, limit) { !isLetter($0) && $0 != .number && $0 != .whitespace }
            while end < limit, isNewline(text, end) { end += 1 }
            return end
        }
        // The last newline among the whitespace ends the word.
        let end = run(text, start, limit) { $0 == .whitespace }
        var last = end
        while last > start, !isNewline(text, last - 1) { last -= 1 }
        return last > start ? last : whitespace(text, start, limit)
    }

    /// Whitespace up to the end; before other text without its last character, which belongs to that.
    private static func whitespace(_ text: CharacterRun, _ start: Int, _ limit: Int) -> Int {
        let end = run(text, start, limit) { $0 == .whitespace }
        return end < limit && end - start > 1 ? end - 1 : end
    }

    private static func isNewline(_ text: CharacterRun, _ index: Int) -> Bool {
        text.scalars[index] == "\n" || text.scalars[index] == "\r"
    }

    /// The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d`.
    private static func contraction(_ text: CharacterRun, _ start: Int, _ limit: Int, anyCase: Bool) -> Int? {
        guard text.scalars[start] == "'", start + 1 < limit else { return nil }
        func letter(_ index: Int) -> Unicode.Scalar {
            let scalar = text.scalars[index]
            guard anyCase else { return scalar }
            return ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar
        }
        switch letter(start + 1) {
        case "s", "t", "m", "d": return start + 2
        case "r", "v": return start + 2 < limit && letter(start + 2) == "e" ? start + 3 : nil
        case "l": return start + 2 < limit && letter(start + 2) == "l" ? start + 3 : nil
        default: return nil
        }
    }
}
