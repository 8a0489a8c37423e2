/// The grammar of the embedded corpus, compiled from its text (`Documentation/Protocol/Corpus.md`, "The embedded corpus").
package struct SyntheticGrammar: Sendable {
    /// One step of writing a document. Variables are the letters a … z as 0 … 25.
    enum Operation: Sendable {
        /// Copy `count` bytes of `literals` from `start`.
        case literal(start: Int, count: Int)
        case rule(Int)
        /// `{x@table}`, `{x@table~y}`.
        case pick(variable: Int, table: Int, except: Int?)
        /// `{x@table=y}`.
        case row(variable: Int, table: Int, index: Int)
        /// `{x#a..b}`.
        case range(variable: Int, lower: Int, count: Int)
        /// `{x:=y+z}`, `{x:=y+3}`.
        case combine(variable: Int, Symbol, Int, Operand)
        /// `{=x}`.
        case number(Int)
        /// `{x.k}`, `{x^k}`.
        case column(variable: Int, column: Int, capital: Bool)
    }
    enum Symbol: Sendable { case plus, minus, times }
    enum Operand: Sendable {
        case variable(Int)
        case constant(Int)
    }
    struct Alternative: Sendable {
        /// Sum of the weights up to and with this one.
        let bound: UInt64
        let operations: [Operation]
    }
    struct Table: Sendable {
        let columns: Int
        /// Start and length in `literals`, row by row.
        let cells: [(start: Int, count: Int)]
        var rows: Int { cells.count / columns }
    }

    private(set) var literals: [UInt8] = []
    private(set) var tables: [Table] = []
    private(set) var rules: [[Alternative]] = []
    /// Index of `%document`.
    private(set) var document = 0

    /// Where a grammar's text is wrong.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let line: Int
        package let reason: String
        package var description: String { "line \(line) of the grammar: \(reason)" }
    }

    private var tableNames: [String: Int] = [:]
    private var ruleNames: [String: Int] = [:]

    /// Compiles `text`.
    package init(_ text: String) throws(Fault) {
        var blocks: [(table: Bool, name: String, lines: [(number: Int, text: Substring)])] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let number = index + 1
            guard let first = line.first, first != "#" else { continue }
            if first == "@" || first == "%" {
                blocks.append((first == "@", String(line.dropFirst()), []))
            } else if blocks.isEmpty {
                throw Fault(line: number, reason: "expected a table or a rule before this line")
            } else {
                blocks[blocks.count - 1].lines.append((number, line))
            }
        }
        for block in blocks {
            if block.table {
                tableNames[block.name] = tables.count
                tables.append(try table(block.lines))
            } else {
                ruleNames[block.name] = ruleNames.count
            }
        }
        for block in blocks where !block.table { rules.append(try rule(block.lines)) }
        guard let start = ruleNames["document"], rules.allSatisfy({ !$0.isEmpty }), rules.count == ruleNames.count else {
            throw Fault(line: 0, reason: "expected a rule named document, and no empty or repeated rule")
        }
        document = start
    }

    private mutating func store(_ text: some Sequence<UInt8>) -> (start: Int, count: Int) {
        let start = literals.count
        literals.append(contentsOf: text)
        return (start, literals.count - start)
    }

    private mutating func table(_ lines: [(number: Int, text: Substring)]) throws(Fault) -> Table {
        guard let first = lines.first else { throw Fault(line: 0, reason: "a table without rows") }
        let columns = first.text.split(separator: "|", omittingEmptySubsequences: false).count
        var cells: [(start: Int, count: Int)] = []
        for line in lines {
            let parts = line.text.split(separator: "|", omittingEmptySubsequences: false)
            guard parts.count == columns else {
                throw Fault(line: line.number, reason: "expected \(columns) columns, found \(parts.count)")
            }
            for part in parts { cells.append(store(part.utf8)) }
        }
        return Table(columns: columns, cells: cells)
    }

    private mutating func rule(_ lines: [(number: Int, text: Substring)]) throws(Fault) -> [Alternative] {
        var bound: UInt64 = 0
        var alternatives: [Alternative] = []
        for line in lines {
            guard let colon = line.text.firstIndex(of: ":"), let weight = UInt32(line.text[..<colon]), weight > 0 else {
                throw Fault(line: line.number, reason: "expected a weight and a colon")
            }
            var body = line.text[line.text.index(after: colon)...]
            if body.first == " " { body = body.dropFirst() }
            bound += UInt64(weight)
            alternatives.append(Alternative(bound: bound, operations: try operations(body, line: line.number)))
        }
        return alternatives
    }

    private mutating func operations(_ body: Substring, line: Int) throws(Fault) -> [Operation] {
        var operations: [Operation] = []
        var literal: [UInt8] = []
        var rest = body.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                guard rest.popFirst() == UInt8(ascii: "n") else { throw Fault(line: line, reason: "expected n after \\") }
                literal.append(10)
            case UInt8(ascii: "{"):
                guard let close = rest.firstIndex(of: UInt8(ascii: "}")) else {
                    throw Fault(line: line, reason: "a slot without its closing brace")
                }
                if !literal.isEmpty {
                    let (start, count) = store(literal)
                    operations.append(.literal(start: start, count: count))
                    literal = []
                }
                let slot = String(decoding: rest[..<close], as: UTF8.self)
                guard let operation = operation(slot) else { throw Fault(line: line, reason: "unknown slot {\(slot)}") }
                operations.append(operation)
                rest = rest[rest.index(after: close)...]
            default:
                literal.append(byte)
            }
        }
        if !literal.isEmpty {
            let (start, count) = store(literal)
            operations.append(.literal(start: start, count: count))
        }
        return operations
    }

    private func operation(_ slot: String) -> Operation? {
        if let rule = ruleNames[slot] { return .rule(rule) }
        let text = Array(slot.utf8)
        guard let first = text.first else { return nil }
        if first == UInt8(ascii: "="), text.count == 2 { return Self.variable(text[1]).map(Operation.number) }
        guard text.count >= 3, let variable = Self.variable(first) else { return nil }
        let body = String(decoding: text[2...], as: UTF8.self)
        switch text[1] {
        case UInt8(ascii: "."), UInt8(ascii: "^"):
            return Int(body).map { .column(variable: variable, column: $0, capital: text[1] == UInt8(ascii: "^")) }
        case UInt8(ascii: "@"):
            let parts = body.split { $0 == "~" || $0 == "=" }
            guard let name = parts.first, let table = tableNames[String(name)], parts.count <= 2 else { return nil }
            guard parts.count == 2 else { return .pick(variable: variable, table: table, except: nil) }
            guard parts[1].utf8.count == 1, let other = parts[1].utf8.first.flatMap(Self.variable) else { return nil }
            return body.contains("=")
                ? .row(variable: variable, table: table, index: other)
                : .pick(variable: variable, table: table, except: other)
        case UInt8(ascii: "#"):
            let parts = body.split(separator: ".").compactMap { Int($0) }
            guard parts.count == 2, parts[0] >= 0, parts[1] >= parts[0] else { return nil }
            return .range(variable: variable, lower: parts[0], count: parts[1] - parts[0] + 1)
        case UInt8(ascii: ":"):
            guard text.count >= 6, text[2] == UInt8(ascii: "="), let left = Self.variable(text[3]) else { return nil }
            let symbols: [UInt8: Symbol] = [43: .plus, 45: .minus, 42: .times]
            guard let symbol = symbols[text[4]] else { return nil }
            let tail = String(decoding: text[5...], as: UTF8.self)
            if let number = Int(tail) { return .combine(variable: variable, symbol, left, .constant(number)) }
            guard text.count == 6, let right = Self.variable(text[5]) else { return nil }
            return .combine(variable: variable, symbol, left, .variable(right))
        default:
            return nil
        }
    }

    private static func variable(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? Int(byte) - Int(UInt8(ascii: "a")) : nil
    }
}
