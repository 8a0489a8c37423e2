/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), the embedded corpus's source of choices.
struct SplitMix64: Sendable {
    private var state: UInt64

    init(state: UInt64) { self.state = state }

    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// `⌊next · count / 2^64⌋`.
    mutating func below(_ count: UInt64) -> UInt64 { next().multipliedFullWidth(by: count).high }
}

/// Writes one piece of the embedded corpus.
struct SyntheticWriter {
    private let grammar: SyntheticGrammar
    private var generator: SplitMix64
    private var values = [Int](repeating: 0, count: 26)
    private var tables = [Int](repeating: 0, count: 26)
    private var output: UnsafeMutableBufferPointer<UInt8>
    private var position = 0

    /// Fills `output` with piece `piece` of the corpus that `seed` names.
    static func write(
        grammar: SyntheticGrammar, seed: UInt64, piece: UInt64, into output: UnsafeMutableBufferPointer<UInt8>
    ) {
        var writer = SyntheticWriter(grammar: grammar, seed: seed, piece: piece, output: output)
        while writer.position < output.count { writer.document() }
        if let last = output.indices.last { output[last] = 0x03 }
    }

    private init(grammar: SyntheticGrammar, seed: UInt64, piece: UInt64, output: UnsafeMutableBufferPointer<UInt8>) {
        self.grammar = grammar
        generator = SplitMix64(state: SplitMix64.mix(SplitMix64.mix(seed) &+ piece))
        self.output = output
    }

    private mutating func document() {
        put(0x02)
        expand(grammar.document)
        put(0x03)
    }

    private mutating func put(_ byte: UInt8) {
        guard position < output.count else { return }
        output[position] = byte
        position += 1
    }

    private mutating func copy(start: Int, count: Int) {
        let count = min(count, output.count - position)
        guard count > 0 else { return }
        grammar.literals.withUnsafeBufferPointer { literals in
            guard let source = literals.baseAddress, let target = output.baseAddress else { return }
            (target + position).update(from: source + start, count: count)
        }
        position += count
    }

    private mutating func expand(_ rule: Int) {
        let alternatives = grammar.rules[rule]
        guard let total = alternatives.last?.bound else { return }
        let draw = generator.below(total)
        var index = 0
        while alternatives[index].bound <= draw { index += 1 }
        for operation in alternatives[index].operations { perform(operation) }
    }

    private mutating func perform(_ operation: SyntheticGrammar.Operation) {
        switch operation {
        case .literal(let start, let count):
            copy(start: start, count: count)
        case .rule(let rule):
            expand(rule)
        case .pick(let variable, let table, let except):
            let rows = UInt64(grammar.tables[table].rows)
            if let except {
                let row = Int(generator.below(rows - 1))
                bind(variable, table, row >= values[except] ? row + 1 : row)
            } else {
                bind(variable, table, Int(generator.below(rows)))
            }
        case .row(let variable, let table, let index):
            bind(variable, table, min(max(values[index], 0), grammar.tables[table].rows - 1))
        case .range(let variable, let lower, let count):
            values[variable] = lower + Int(generator.below(UInt64(count)))
        case .combine(let variable, let symbol, let left, let right):
            let other: Int
            switch right {
            case .variable(let index): other = values[index]
            case .constant(let number): other = number
            }
            switch symbol {
            case .plus: values[variable] = values[left] &+ other
            case .minus: values[variable] = values[left] &- other
            case .times: values[variable] = values[left] &* other
            }
        case .number(let variable):
            decimal(values[variable])
        case .column(let variable, let column, let capital):
            let table = grammar.tables[tables[variable]]
            let cell = table.cells[values[variable] * table.columns + column]
            let start = position
            copy(start: cell.start, count: cell.count)
            if capital, start < position, (0x61...0x7A).contains(output[start]) { output[start] &-= 0x20 }
        }
    }

    private mutating func bind(_ variable: Int, _ table: Int, _ row: Int) {
        values[variable] = row
        tables[variable] = table
    }

    private mutating func decimal(_ value: Int) {
        if value < 0 { put(0x2D) }
        var magnitude = value.magnitude
        var divisor: UInt = 1
        while magnitude / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            put(0x30 + UInt8(truncatingIfNeeded: magnitude / divisor))
            magnitude %= divisor
            divisor /= 10
        }
    }
}
