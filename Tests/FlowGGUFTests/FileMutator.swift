@testable import FlowGGUF

// Tests/Fuzz compiles this file too, with the generator in the same module.
#if canImport(TestSupport)
import TestSupport
#endif

/// Makes random valid files field by field and breaks them where it hurts: it knows where lengths, counts, types and
/// offsets lie.
struct FileMutator {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// A file with the places of its integer fields.
    struct File {
        var bytes: [UInt8] = []
        /// Offset and size of each count, length, type or offset.
        var fields: [(offset: Int, size: Int)] = []
        /// The runs of bytes that make an entry of metadata or a tensor's declaration.
        var entries: [Range<Int>] = []
    }

    /// A number of small entries, now and then so many that the tables made from them are what takes memory.
    private mutating func entryCount(_ usual: Int) -> Int {
        random(0...199) == 0 ? random(0...1_500) : random(0...usual)
    }

    mutating func random(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    mutating func valid() -> File {
        var file = File()
        var encoder = GGUFEncoder()
        func field<T: FixedWidthInteger>(_ value: T) {
            file.fields.append((encoder.bytes.count, MemoryLayout<T>.size))
            encoder.append(value)
        }
        let keys = entryCount(8)
        let tensors = entryCount(5)
        encoder.bytes.append(contentsOf: "GGUF".utf8)
        field(UInt32(3))
        field(UInt64(tensors))
        field(UInt64(keys + 1))
        let alignment = [8, 16, 32, 64][random(0...3)]
        let modelKeys: [(String, GGUFValue)] = [
            ("general.architecture", .string("qwen3moe")), ("qwen3moe.block_count", .uint32(2)),
            ("qwen3moe.expert_count", .uint32(4)), ("qwen3moe.expert_used_count", .uint32(2)),
            ("tokenizer.ggml.tokens", .strings(["a", "bc", "d"])), ("tokenizer.ggml.eos_token_id", .uint32(2)),
            ("tokenizer.ggml.scores", .array(.float32([0, 1, 2]))), ("qwen3moe.rope.freq_base", .float32(1e4)),
        ]
        for index in 0...keys {
            let start = encoder.bytes.count
            var (key, value) = ("key\(index)", randomValue())
            if index < modelKeys.count, random(0...3) == 0 { (key, value) = modelKeys[index] }
            if index == keys { (key, value) = ("general.alignment", .uint32(UInt32(alignment))) }
            field(UInt64(key.utf8.count))
            encoder.bytes.append(contentsOf: key.utf8)
            let typeOffset = encoder.bytes.count
            encoder.append(value)
            file.fields.append((typeOffset, 4))
            if case .array = value { file.fields += [(typeOffset + 4, 4), (typeOffset + 8, 8), (typeOffset + 16, 8)] }
            if case .string = value { file.fields.append((typeOffset + 4, 8)) }
            file.entries.append(start..<encoder.bytes.count)
        }
        var offset = 0
        for index in 0..<tensors {
            let start = encoder.bytes.count
            let name = "blk.\(index).weight"
            let type = GGUFTensorType.allCases[random(0...(GGUFTensorType.allCases.count - 1))]
            var shape = (0..<random(0...4)).map { _ in random(0...3) }
            if shape.isEmpty, type.blockLength > 1 { shape = [1] }
            if !shape.isEmpty { shape[0] *= type.blockLength }
            field(UInt64(name.utf8.count))
            encoder.bytes.append(contentsOf: name.utf8)
            field(UInt32(shape.count))
            for dimension in shape { field(UInt64(dimension)) }
            field(type.rawValue)
            field(UInt64(offset))
            let size = shape.reduce(1, *) / type.blockLength * type.blockByteCount
            offset = (offset + size + alignment - 1) / alignment * alignment
            file.entries.append(start..<encoder.bytes.count)
        }
        while encoder.bytes.count % alignment != 0 { encoder.bytes.append(0) }
        for _ in 0..<offset { encoder.bytes.append(UInt8(random(0...255))) }
        file.bytes = encoder.bytes
        return file
    }

    private mutating func randomValue() -> GGUFValue {
        switch random(0...14) {
        case 0: .uint8(9)
        case 1: .int8(-9)
        case 2: .uint16(999)
        case 3: .int16(-999)
        case 4: .uint32(99_999)
        case 5: .int32(-99_999)
        case 6: .float32(1.5)
        case 7: .bool(random(0...1) == 1)
        case 8: .string(String(repeating: "ä", count: random(0...9)))
        case 9: .uint64(1 << 40)
        case 10: .float64(-2.5)
        case 11: .array(.int32((0..<random(0...5)).map(Int32.init)))
        case 12: .array(.bool([true, false, true]))
        case 13: .strings((0..<entryCount(5)).map { $0 > 9 ? "\($0)" : String(repeating: "t", count: $0 * 5) })
        default: .array(.float64([0.5]))
        }
    }

    /// Changes `file` in one to four ways.
    mutating func mutate(_ file: inout File) {
        for _ in 0..<random(1...4) where !file.bytes.isEmpty {
            let count = file.bytes.count
            switch random(0...9) {
            case 0...4:
                guard let field = file.fields.randomElement(using: &generator) else { continue }
                set(&file, field, interestingNumber(count))
            case 5: file.bytes[random(0...(count - 1))] ^= UInt8(1 << random(0...7))
            case 6: file.bytes.removeLast(random(0...count))
            case 7:
                let start = random(0...(count - 1))
                file.bytes.removeSubrange(start..<min(count, start + random(1...16)))
            case 8:
                let start = random(0...count)
                file.bytes.insert(contentsOf: (0..<random(1...16)).map { _ in UInt8(random(0...255)) }, at: start)
            default:
                // An entry twice, or in the place of another.
                guard let from = file.entries.randomElement(using: &generator),
                    let to = file.entries.randomElement(using: &generator), from.upperBound <= count, to.upperBound <= count
                else { continue }
                let copy = Array(file.bytes[from])
                if random(0...1) == 0 {
                    file.bytes.insert(contentsOf: copy, at: to.lowerBound)
                } else {
                    file.bytes.replaceSubrange(to, with: copy)
                }
            }
        }
    }

    private func set(_ file: inout File, _ field: (offset: Int, size: Int), _ value: UInt64) {
        for index in 0..<field.size where field.offset + index < file.bytes.count {
            file.bytes[field.offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
        }
    }

    private mutating func interestingNumber(_ length: Int) -> UInt64 {
        let near = UInt64(random(0...40))
        switch random(0...9) {
        case 0: return near
        case 1: return UInt64(length) &+ near &- 20
        case 2: return UInt64.max &- near
        case 3: return (1 << 63) &- 20 &+ near
        case 4: return (1 << 32) &- 20 &+ near
        case 5: return (1 << 31) &- 20 &+ near
        case 6: return UInt64.max / UInt64(random(1...32)) &+ near &- 20
        case 7: return 1 << UInt64(random(0...63))
        case 8: return UInt64(length) / UInt64(random(1...32))
        default: return generator.next()
        }
    }
}

extension FileMutator.File {
    /// A file that is read without an error, with the places of its fields; nil for any other.
    init?(locating bytes: [UInt8]) {
        guard let file = try? GGUFFile(bytes: bytes) else { return nil }
        self.bytes = bytes
        fields = [(4, 4), (8, 8), (16, 8)]
        var position = 24
        for entry in file.metadata {
            let start = position
            fields.append((position, 8))
            position += 8 + entry.key.utf8.count
            fields.append((position, 4))
            switch entry.value {
            case .array: fields += [(position + 4, 4), (position + 8, 8), (position + 16, 8)]
            case .string: fields.append((position + 4, 8))
            default: fields.append((position + 4, entry.value.type.byteCount ?? 1))
            }
            var encoder = GGUFEncoder()
            encoder.append(entry.value)
            position += encoder.bytes.count
            entries.append(start..<position)
        }
        for tensor in file.tensors {
            let start = position
            fields.append((position, 8))
            position += 8 + tensor.name.utf8.count
            fields.append((position, 4))
            for index in tensor.dimensions.indices { fields.append((position + 4 + 8 * index, 8)) }
            position += 4 + 8 * tensor.dimensions.count
            fields += [(position, 4), (position + 4, 8)]
            position += 12
            entries.append(start..<position)
        }
    }
}
