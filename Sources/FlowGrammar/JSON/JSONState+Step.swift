import FlowJSON

extension JSONState {
    /// One byte on its way through all threads.
    struct Step {
        let state: JSONState
        let byte: UInt8
        let isBlank: Bool
        let text: [UInt8]
        var threads: [JSONThread] = []
        var depthChange = 0
        var isInsideString = false
        /// Values that begin with this byte, by goal.
        private var starts: [Int: [Parent]] = [:]
        private var startOrder: [Int] = []
        private var forbiddenStarts: [(goal: Int, Parent, Forbidden)] = []

        init(state: JSONState, byte: UInt8, isBlank: Bool, text: [UInt8]) { (self.state, self.byte, self.isBlank, self.text) = (state, byte, isBlank, text) }

        private var grammar: ValueGrammar { state.grammar }

        private func isAllowed(depth: Int) -> (Int) -> Bool {
            let (heights, left) = (grammar.heights, grammar.limits.depth - depth)
            return { heights[$0].map { $0 <= left } ?? false }
        }

        mutating func take(_ thread: JSONThread) {
            switch thread {
            case .document: if isBlank { threads.append(thread) } else { start(0, .document) }
            case .ended: if isBlank { threads.append(thread) }
            case .word(let word, let done, let parents):
                guard word.bytes[done] == byte else { return }
                if done + 1 == word.bytes.count { finish(parents, end: text.count + 1) } else { threads.append(.word(word, done: done + 1, parents)) }
            case .number(let set, let cursor, let parents):
                if let next = cursor.advanced(by: byte, in: set) {
                    threads.append(.number(set, next, parents))
                } else if isBlank || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}"), cursor.isComplete(in: set) {
                    // The byte belongs to what stands around the number.
                    var around = Step(state: state, byte: byte, isBlank: isBlank, text: text)
                    around.finish(parents, end: text.count)
                    for thread in around.threads { take(thread) }
                }
            case .text(let cursor, let use): string(cursor, use)
            case .array(let frame): array(frame)
            case .object(let frame): object(frame)
            }
        }

        private mutating func string(_ cursor: StringCursor, _ use: TextUse) {
            isInsideString = true
            switch cursor.advanced(by: byte, in: use.matcher, keepsText: use.keepsText, surrogates: surrogates) {
            case nil: return
            case .inside(let next)?: threads.append(.text(next, use))
            case .ended(let text)?:
                switch use.role {
                case .value(let parents): finish(parents, end: self.text.count + 1)
                case .key(var frame, let goal):
                    guard let goal = goal ?? frame.seen[text] ?? frame.form.goals[text] else { return }
                    frame.seen[text] = goal
                    frame.phase = .colon(goal: goal)
                    threads.append(.object(frame))
                }
            }
        }

        private var surrogates: Bool { state.style.allowsLoneSurrogates && !grammar.hasUnique }

        /// A value has ended before byte `end` of the text.
        private mutating func finish(_ parents: Parents, end: Int) {
            for parent in parents.list {
                switch parent {
                case .document: threads.append(.ended)
                case .array(var frame, let counts):
                    if frame.form.isUnique {
                        guard let item = datum(from: frame.itemStart, to: end), frame.items.insert(item).inserted else { continue }
                    }
                    frame.count += 1
                    if counts { frame.counted += 1 }
                    frame.phase = .item
                    threads.append(.array(frame))
                case .object(var frame):
                    frame.phase = .member
                    threads.append(.object(frame))
                }
            }
        }

        private func datum(from start: Int, to end: Int) -> Datum? {
            let all = end > text.count ? text + [byte] : text
            guard start < end, end <= all.count, let value = try? JSONParser.parse(Array(all[start..<end]), maximumDepth: grammar.limits.depth + 1) else { return nil }
            return Datum(value)
        }

        // MARK: - Arrays

        private mutating func array(_ frame: ArrayFrame) {
            var frame = frame
            switch (frame.phase, byte) {
            case _ where isBlank: threads.append(.array(frame))
            case (.opened, UInt8(ascii: "]")), (.item, UInt8(ascii: "]")):
                guard frame.form.isComplete(count: frame.count, counted: frame.counted), isNew(frame.forbidden, from: frame.start) else { return }
                depthChange = -1
                finish(frame.parents, end: text.count + 1)
            case (.item, UInt8(ascii: ",")):
                guard !options(frame).isEmpty else { return }
                frame.phase = .comma
                threads.append(.array(frame))
            case (.opened, _), (.comma, _):
                frame.itemStart = text.count
                let forbidden = frame.form.isUnique ? Forbidden(frame.items) : nil
                for option in options(frame) {
                    let parent = Parent.array(frame, counts: option.counts)
                    if let forbidden { forbiddenStarts.append((option.goal, parent, forbidden)) } else { start(option.goal, parent) }
                }
            default: return
            }
        }

        private func options(_ frame: ArrayFrame) -> [ArrayForm.Option] {
            let allowed = isAllowed(depth: state.depth)
            return frame.form.options(at: frame.count).filter { option in
                allowed(option.goal)
                    && frame.form.isFeasible(count: frame.count + 1, counted: frame.counted + (option.counts ? 1 : 0), allowed: allowed)
                    && isLeft(option, frame)
            }
        }

        /// Whether an item that differs from those before is left.
        private func isLeft(_ option: ArrayForm.Option, _ frame: ArrayFrame) -> Bool {
            guard frame.form.isUnique, frame.count >= frame.form.prefix.count else { return true }
            let (left, used) = option.counts
                ? (frame.form.distinct.counted, frame.counted) : (frame.form.distinct.other, frame.count - frame.counted)
            return left.map { used < $0 } ?? true
        }

        private func isNew(_ forbidden: Forbidden?, from start: Int) -> Bool {
            guard let forbidden else { return true }
            return datum(from: start, to: text.count + 1).map { !forbidden.values.contains($0) } ?? false
        }

        // MARK: - Objects

        private mutating func object(_ frame: ObjectFrame) {
            var frame = frame
            switch (frame.phase, byte) {
            case _ where isBlank: threads.append(.object(frame))
            case (.opened, UInt8(ascii: "}")), (.member, UInt8(ascii: "}")):
                guard frame.isComplete, isNew(frame.forbidden, from: frame.start) else { return }
                depthChange = -1
                finish(frame.parents, end: text.count + 1)
            case (.member, UInt8(ascii: ",")):
                guard !keys(frame).isEmpty else { return }
                frame.phase = .comma
                threads.append(.object(frame))
            case (.opened, UInt8(ascii: "\"")), (.comma, UInt8(ascii: "\"")):
                for (matcher, goal) in keys(frame) { threads.append(.text(StringCursor(), TextUse(matcher, .key(frame, goal: goal)))) }
            case (.colon(let goal), UInt8(ascii: ":")):
                frame.phase = .value(goal: goal)
                threads.append(.object(frame))
            case (.value(let goal), _): start(goal, .object(frame))
            default: return
            }
        }

        /// The keys that can come next.
        private func keys(_ frame: ObjectFrame) -> [(TextMatcher, goal: Int?)] {
            let allowed = isAllowed(depth: state.depth)
            let form = frame.form
            let isFree = form.most.map { $0 - frame.seen.count > frame.missing } ?? true
            let repeats = state.style.allowsRepeatedKeys
            let names = form.names.filter { name, goal in
                guard allowed(goal) else { return false }
                return frame.seen[name] != nil ? repeats : isFree || form.required.contains(name)
            }
            var found: [(TextMatcher, goal: Int?)] = names.isEmpty ? [] : [(.names(names.map(\.name)), nil)]
            let others = frame.seen.keys.filter { form.goals[$0] == nil }
            if repeats, !others.isEmpty { found.append((.names(others), nil)) }
            guard isFree else { return found }
            for other in form.others where allowed(other.goal) {
                let matcher = TextMatcher.automaton(other.keys, without: others.filter { other.keys.accepts($0) })
                if !matcher.isEmpty { found.append((matcher, other.goal)) }
            }
            return found
        }

        // MARK: - Values

        private mutating func start(_ goal: Int, _ parent: Parent) {
            if starts[goal] == nil { startOrder.append(goal) }
            starts[goal, default: []].append(parent)
        }

        /// Begins the values that threads have asked for, those of one goal together.
        mutating func startValues() {
            for goal in startOrder { begin(goal, Parents(starts[goal] ?? []), nil) }
            for (goal, parent, forbidden) in forbiddenStarts { begin(goal, Parents([parent]), forbidden) }
        }

        private mutating func begin(_ goal: Int, _ parents: Parents, _ forbidden: Forbidden?) {
            let allowed = isAllowed(depth: state.depth + 1)
            for form in grammar.forms[goal] {
                switch (form, byte) {
                case (.null, UInt8(ascii: "n")): word(.null, .null, parents, forbidden)
                case (.bool(true), UInt8(ascii: "t")): word(.yes, .bool(true), parents, forbidden)
                case (.bool(false), UInt8(ascii: "f")): word(.no, .bool(false), parents, forbidden)
                case (.number(let set), UInt8(ascii: "-")), (.number(let set), 48...57): number(set, parents, forbidden)
                case (.text(let automaton), UInt8(ascii: "\"")):
                    var without: [[UInt32]] = []
                    for case .text(let text)? in forbidden?.values.map(Optional.some) ?? [] where automaton.accepts(text) { without.append(text) }
                    let matcher = TextMatcher.automaton(automaton, without: without)
                    if !matcher.isEmpty { threads.append(.text(StringCursor(), TextUse(matcher, .value(parents)))) }
                case (.array(let form), UInt8(ascii: "[")):
                    guard state.depth < grammar.limits.depth, form.isFeasible(count: 0, counted: 0, allowed: allowed) else { continue }
                    depthChange = 1
                    threads.append(.array(ArrayFrame(form: form, start: text.count, forbidden: forbidden, parents: parents)))
                case (.object(let form), UInt8(ascii: "{")):
                    guard state.depth < grammar.limits.depth, form.isFeasible(allowed: allowed) else { continue }
                    depthChange = 1
                    threads.append(.object(ObjectFrame(form: form, start: text.count, forbidden: forbidden, parents: parents)))
                default: continue
                }
            }
        }

        private mutating func word(_ word: JSONThread.Word, _ value: Datum, _ parents: Parents, _ forbidden: Forbidden?) {
            if forbidden?.values.contains(value) != true { threads.append(.word(word, done: 1, parents)) }
        }

        private mutating func number(_ set: NumberSet, _ parents: Parents, _ forbidden: Forbidden?) {
            var set = set
            // Numbers of absurd size are compared when they have ended.
            for case .number(let value)? in forbidden?.values.map(Optional.some) ?? [] where value.exponent.magnitude <= 400 { set.exclude(value) }
            if let cursor = NumberCursor().advanced(by: byte, in: set) { threads.append(.number(set, cursor, parents)) }
        }
    }
}
