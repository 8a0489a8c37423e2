import FlowJSON

/// What of a JSON text has been read under a grammar, as a value.
struct JSONState: Sendable {
    let grammar: ValueGrammar
    let style: JSONStyle
    private(set) var threads: [JSONThread] = [.document]
    /// Open arrays and objects.
    private(set) var depth = 0
    /// Blanks since the last byte that was none.
    private var blanks = 0
    /// The text, where items have to be compared.
    private var text: [UInt8] = []

    init(grammar: ValueGrammar, style: JSONStyle) {
        (self.grammar, self.style) = (grammar, style)
        if grammar.heights.first == .some(nil) || grammar.heights.isEmpty { threads = [] }
    }

    /// Whether the text may end here.
    var isComplete: Bool {
        threads.contains { thread in
            switch thread {
            case .ended: true
            case .number(let set, let cursor, let parents): parents.list.contains(.document) && cursor.isComplete(in: set)
            default: false
            }
        }
    }

    /// The state after one more byte; nil where no document goes on so.
    func advanced(by byte: UInt8) -> JSONState? {
        var next = self
        let isBlank = byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        var step = Step(state: self, byte: byte, isBlank: isBlank, text: text)
        for thread in threads { step.take(thread) }
        step.startValues()
        guard !step.threads.isEmpty else { return nil }
        next.threads = Self.merged(step.threads, limit: grammar.limits.threads)
        if isBlank, !step.isInsideString {
            guard style.longestBlank.map({ blanks < $0 }) ?? true else { return nil }
            next.blanks += 1
        } else {
            next.blanks = 0
        }
        next.depth = depth + step.depthChange
        if grammar.hasUnique { next.text.append(byte) }
        return next
    }

    /// Threads that stand at the same place become one with the parents of all.
    private static func merged(_ threads: [JSONThread], limit: Int) -> [JSONThread] {
        guard threads.count > 1 else { return threads }
        var groups: [JSONThread: [Parents]] = [:]
        var order: [JSONThread] = []
        let nowhere = Parents.nowhere
        var strings: [JSONThread] = []
        for thread in threads {
            // Each string is one of its own.
            if case .text = thread {
                strings.append(thread)
                continue
            }
            let (key, parents) = thread.split(nowhere)
            if groups[key] == nil { order.append(key) }
            if let parents { groups[key, default: []].append(parents) } else { groups[key] = [] }
        }
        let others = order.prefix(limit).map { key in
            let parents = groups[key] ?? []
            if parents.isEmpty { return key }
            if parents.count == 1 { return key.joined(parents[0]) }
            var (seen, list) = (Set<Parent>(), [Parent]())
            for parent in parents.flatMap(\.list) where seen.insert(parent).inserted { list.append(parent) }
            return key.joined(Parents(list))
        }
        return others + strings.prefix(limit)
    }

    /// The one thread, where it stands between two characters of a string without bounds.
    var freeString: Bool {
        guard threads.count == 1, case .text(let cursor, let use) = threads[0] else { return false }
        return cursor.isBetweenCharacters && use.matcher.isFree && !use.keepsText && !grammar.hasUnique
    }
}

extension Parents {
    static let nowhere = Parents([])
}

extension JSONThread {
    /// The thread without its parents, and they.
    func split(_ nowhere: Parents) -> (JSONThread, Parents?) {
        switch self {
        case .document, .ended, .text: return (self, nil)
        case .word(let word, let done, let parents): return (.word(word, done: done, nowhere), parents)
        case .number(let set, let cursor, let parents): return (.number(set, cursor, nowhere), parents)
        case .array(var frame):
            let parents = frame.parents
            frame.parents = nowhere
            return (.array(frame), parents)
        case .object(var frame):
            let parents = frame.parents
            frame.parents = nowhere
            return (.object(frame), parents)
        }
    }

    func joined(_ parents: Parents) -> JSONThread {
        switch self {
        case .document, .ended, .text: return self
        case .word(let word, let done, _): return .word(word, done: done, parents)
        case .number(let set, let cursor, _): return .number(set, cursor, parents)
        case .array(var frame):
            frame.parents = parents
            return .array(frame)
        case .object(var frame):
            frame.parents = parents
            return .object(frame)
        }
    }
}
