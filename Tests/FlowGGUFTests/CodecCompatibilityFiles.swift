import FlowGGUF
import Foundation
import TestSupport
import Testing

/// With `FLOW_COMPATIBILITY_FOLDER` set, writes random numbers and their encodings, for
/// `Tests/Compatibility/check_ggml_types.py` to compare with ggml's own.
struct CodecCompatibilityFiles {
    @Test func areWrittenOnRequest() throws {
        guard let folder = ProcessInfo.processInfo.environment["FLOW_COMPATIBILITY_FOLDER"] else { return }
        var generator = SeededGenerator(seed: 12)
        // Blocks of many sizes, with zeros, outliers and one-sided values among them.
        let values = (0..<(256 * 400)).map { index -> Float in
            let block = index / 256
            let scale = Float(block % 17 + 1) * (block % 5 == 0 ? 1e-4 : 0.1)
            let uniform = Float.random(in: block % 7 == 3 ? 0...1 : -1...1, using: &generator)
            if block % 11 == 4, index % 3 == 0 { return 0 }
            return uniform * scale * (index % 97 == 0 ? 8 : 1)
        }
        func write(_ name: String, _ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        try write("codec-input.f32", GGUFCodec.encode(values, type: .f32))
        for type in GGUFCodec.encodable {
            let encoded = try GGUFCodec.encode(values, type: type)
            let decoded = try encoded.withUnsafeBytes { (raw) throws(GGUFError) in try GGUFCodec.decode(raw, type: type) }
            try write("codec-\(type).encoded", encoded)
            try write("codec-\(type).decoded", GGUFCodec.encode(decoded, type: .f32))
        }
        let sizes = GGUFTensorType.allCases.map { "\($0.rawValue) \($0) \($0.blockLength) \($0.blockByteCount)" }
        try write("codec-types.txt", Array(sizes.joined(separator: "\n").utf8))
    }
}
