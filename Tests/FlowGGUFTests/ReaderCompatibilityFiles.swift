import FlowGGUF
import Foundation
import TestSupport
import Testing

/// With `FLOW_COMPATIBILITY_FOLDER` set, exchanges whole files with PyPI's `gguf` through
/// `Tests/Compatibility/check_gguf_files.py`: writes some, and reads back what the script wrote before.
struct ReaderCompatibilityFiles {
    private static let folder = ProcessInfo.processInfo.environment["FLOW_COMPATIBILITY_FOLDER"]

    /// Every value type, alone and in arrays, with the limits of each.
    private static let values: [(String, GGUFValue)] = [
        ("general.architecture", .string("qwen3moe")),
        ("v.uint8", .uint8(.max)), ("v.int8", .int8(.min)), ("v.uint16", .uint16(.max)), ("v.int16", .int16(.min)),
        ("v.uint32", .uint32(.max)), ("v.int32", .int32(.min)), ("v.uint64", .uint64(.max)), ("v.int64", .int64(.min)),
        ("v.float32", .float32(-1.25e-38)), ("v.float64", .float64(.pi)), ("v.true", .bool(true)), ("v.false", .bool(false)),
        ("v.string", .string("äöü \u{1F98A} \n")), ("v.empty", .string("")),
        ("a.uint8", .array(.uint8([0, 1, .max]))), ("a.int8", .array(.int8([.min, 0, .max]))),
        ("a.uint16", .array(.uint16([0, .max]))), ("a.int16", .array(.int16([.min, .max]))),
        ("a.uint32", .array(.uint32([0, .max]))), ("a.int32", .array(.int32([.min, .max]))),
        ("a.uint64", .array(.uint64([0, .max]))), ("a.int64", .array(.int64([.min, .max]))),
        ("a.float32", .array(.float32([0.5, -2]))), ("a.float64", .array(.float64([1e300, -0.1]))),
        ("a.bool", .array(.bool([true, false, true]))), ("a.string", .strings(["", "a", "ß\u{1F98A}"])),
    ]

    private static func header(alignment: UInt32?) throws -> (GGUFHeader, [[Float]]) {
        var header = GGUFHeader()
        for (key, value) in values { try header.set(key, value) }
        if let alignment { try header.set("general.alignment", .uint32(alignment)) }
        var generator = SeededGenerator(seed: 5)
        var weights: [[Float]] = []
        for type in GGUFCodec.encodable {
            for dimensions in [[256], [256, 3], [512, 2, 2], [256, 1, 2, 2]] {
                try header.addTensor("t.\(type).\(dimensions.count)", dimensions: dimensions, type: type)
                weights.append((0..<dimensions.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) })
            }
        }
        return (header, weights)
    }

    @Test func areWrittenOnRequest() throws {
        guard let folder = Self.folder else { return }
        for (name, alignment) in [("files-plain", nil), ("files-aligned", 128)] as [(String, UInt32?)] {
            let (header, weights) = try Self.header(alignment: alignment)
            var writer = try GGUFWriter(header: header, sink: GGUFFileSink(path: "\(folder)/\(name).gguf"))
            for values in weights { try writer.append(floats: values) }
            try writer.finish()
        }
        let (header, weights) = try Self.header(alignment: nil)
        var writer = try GGUFSplitWriter(header: header, path: "\(folder)/files-split.gguf", partByteCount: 12_000)
        for values in weights { try writer.append(floats: values) }
        #expect(try writer.finish().count > 3)
    }

    /// Files that the script wrote, with the values that PyPI's reader gives as JSON beside each.
    @Test func othersFilesAreReadOnRequest() throws {
        guard let folder = Self.folder else { return }
        let manager = FileManager.default
        let names = try manager.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("theirs-") && $0.hasSuffix(".json") }
        for name in names {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            let expected = try JSONDecoder().decode(Expected.self, from: data)
            let file = try GGUFFile(mapping: "\(folder)/\(expected.file)")
            #expect(file.partCount == expected.parts, "\(name)")
            for (key, text) in expected.values {
                let value = try #require(file.metadata[key], "\(name) \(key)")
                #expect(Self.text(value) == text, "\(name) \(key)")
            }
            #expect(file.tensors.count == expected.tensors.count, "\(name)")
            for tensor in expected.tensors {
                let info = try #require(file.tensor(tensor.name), "\(name) \(tensor.name)")
                #expect("\(info.type)" == tensor.type && info.dimensions == tensor.dimensions, "\(name) \(tensor.name)")
                let bits = try file.floats(of: info).map(\.bitPattern)
                #expect(bits == tensor.bits, "\(name) \(tensor.name)")
            }
        }
        try "\(names.count) files read\n".write(toFile: "\(folder)/ours-read.txt", atomically: true, encoding: .utf8)
    }

    private struct Expected: Decodable {
        struct Tensor: Decodable {
            let name: String, type: String, dimensions: [Int], bits: [UInt32]
        }
        let file: String, parts: Int, values: [String: String], tensors: [Tensor]
    }

    /// A value as text, floating-point numbers by their bits.
    static func text(_ value: GGUFValue) -> String {
        func list<T>(_ values: [T], _ text: (T) -> String = { "\($0)" }) -> String {
            "[" + values.map(text).joined(separator: ",") + "]"
        }
        switch value {
        case .float32(let value): return "f\(value.bitPattern)"
        case .float64(let value): return "d\(value.bitPattern)"
        case .string(let value): return "s" + value
        case .uint8(let value): return "\(value)"
        case .int8(let value): return "\(value)"
        case .uint16(let value): return "\(value)"
        case .int16(let value): return "\(value)"
        case .uint32(let value): return "\(value)"
        case .int32(let value): return "\(value)"
        case .uint64(let value): return "\(value)"
        case .int64(let value): return "\(value)"
        case .bool(let value): return "\(value)"
        case .array(.uint8(let values)): return list(values)
        case .array(.int8(let values)): return list(values)
        case .array(.uint16(let values)): return list(values)
        case .array(.int16(let values)): return list(values)
        case .array(.uint32(let values)): return list(values)
        case .array(.int32(let values)): return list(values)
        case .array(.uint64(let values)): return list(values)
        case .array(.int64(let values)): return list(values)
        case .array(.float32(let values)): return list(values) { "f\($0.bitPattern)" }
        case .array(.float64(let values)): return list(values) { "d\($0.bitPattern)" }
        case .array(.bool(let values)): return list(values)
        case .array(.string(let values)): return list(Array(values)) { "s" + $0 }
        }
    }
}
