import FlowGGUF
import Foundation
import TestSupport
import Testing

struct VectorTests {
    /// What this library refuses beyond llama.cpp: see the documentation of the reader.
    static let refusedHereOnly: Set<String> = ["BOOL_2", "STRING_NOT_UTF8"]

    @Test func malformedFilesHaveLlamaCppsVerdictOrAStricterOne() throws {
        let cases = try MalformedFiles.load()
        #expect(cases.count == 37)
        for file in cases {
            let refuses = !file.llamaCppResult.hasPrefix("ACCEPT") || Self.refusedHereOnly.contains(file.name)
            do throws(GGUFError) {
                _ = try GGUFFile(bytes: hexBytes( file.hex))
                #expect(!refuses, "\(file.name) was accepted")
            } catch {
                #expect(refuses, "\(file.name) was refused: \(error)")
                #expect(error.offset != nil, "\(file.name): \(error) names no offset")
                #expect(error.offset ?? 0 <= UInt64(file.hex.utf8.count / 2), "\(file.name): \(error)")
            }
        }
    }

    @Test func validFilesReadAsWritten() throws {
        let files = try ValidFile.load()
        #expect(files.count == 4)
        for file in files {
            let gguf = try GGUFFile(bytes: file.bytes)
            #expect(gguf.metadata.count == file.metadata.count, "\(file.name)")
            for (key, expected) in file.metadata {
                let value = try #require(gguf.metadata[key], "\(file.name) \(key)")
                #expect(Int(value.type.rawValue) == expected.types.first)
                if let array = value.array { #expect(Int(array.elementType.rawValue) == expected.types.last) }
                if let number = value.floatingPoint {
                    #expect(Float(number) == (expected.value as? NSNumber)?.floatValue, "\(file.name) \(key)")
                } else {
                    #expect(plain(value) == (expected.value as? NSObject), "\(file.name) \(key): \(value)")
                }
            }
            #expect(gguf.tensors.count == file.tensors.count)
            for (tensor, expected) in zip(gguf.tensors, file.tensors) {
                #expect(tensor.name == expected["name"] as? String)
                #expect(tensor.type.description == expected["type"] as? String)
                #expect(tensor.dimensions == expected["dims_ne_order"] as? [Int])
                #expect(Int(tensor.fileOffset) == expected["data_offset_in_file"] as? Int)
                #expect(tensor.byteCount == expected["n_bytes"] as? Int)
                guard let numbers = expected["dequantised_f32"] as? [NSNumber], tensor.type.isDecodable else { continue }
                let floats = try gguf.floats(of: tensor)
                #expect(floats == numbers.map(\.floatValue), "\(file.name) \(tensor.name)")
            }
        }
    }

    @Test func filesOfPyPIGgufAreWrittenIdentically() throws {
        for file in try ValidFile.load() {
            let gguf = try GGUFFile(bytes: file.bytes)
            var writer = try GGUFWriter(header: gguf.header(), sink: GGUFMemorySink())
            for tensor in gguf.tensors {
                try gguf.withUnsafeBytes(of: tensor) { (bytes) throws(GGUFError) in try writer.append(bytes: bytes) }
            }
            try writer.finish()
            #expect(writer.sink.bytes == file.bytes, "\(file.name)")
        }
    }

    @Test func everyProperPrefixIsRefused() throws {
        for file in try ValidFile.load() where !file.tensors.isEmpty {
            for length in 0..<file.bytes.count {
                #expect(throws: GGUFError.self, "\(file.name) cut to \(length)") {
                    try GGUFFile(bytes: Array(file.bytes[..<length]))
                }
            }
        }
    }

    private func plain(_ value: GGUFValue) -> NSObject? {
        if let integer = value.integer { return NSNumber(value: integer) }
        switch value {
        case .uint64(let value): return NSNumber(value: value)
        case .bool(let value): return NSNumber(value: value)
        case .string(let value): return value as NSString
        case .array(.string(let values)): return Array(values) as NSArray
        case .array(.float32(let values)): return values.map { NSNumber(value: Double($0)) } as NSArray
        case .array(.bool(let values)): return values.map { NSNumber(value: $0) } as NSArray
        case .array(let array): return array.integers.map { $0 as NSArray }
        default: return nil
        }
    }
}
