import FlowGGUF
import Foundation
import TestSupport

/// `malformed.json`: small files with llama.cpp's verdict.
struct MalformedFiles: Decodable {
    struct Case: Decodable {
        let name: String
        let hex: String
        let expect: String?
        let llamaCppResult: String

        enum CodingKeys: String, CodingKey {
            case name, hex, expect
            case llamaCppResult = "llama_cpp_0.3.36_result"
        }
    }
    let cases: [Case]

    static func load() throws -> [Case] { try Vectors.json("gguf/malformed.json", as: MalformedFiles.self).cases }
}

/// `valid_gguf_py_0.19.0.json`: files written by PyPI's `gguf`, with their contents.
struct ValidFile {
    let name: String
    let bytes: [UInt8]
    let metadata: [String: (types: [Int], value: Any)]
    let tensors: [[String: Any]]

    static func load() throws -> [ValidFile] {
        let data = try Vectors.data("gguf/valid_gguf_py_0.19.0.json")
        let files = try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
        return files.map { file in
            let expected = file["expected"] as? [String: Any] ?? [:]
            let values = expected["kv"] as? [String: [String: Any]] ?? [:]
            return ValidFile(
                name: file["name"] as? String ?? "", bytes: hexBytes( file["hex"] as? String ?? ""),
                metadata: values.mapValues { ($0["types"] as? [Int] ?? [], $0["value"] as Any) },
                tensors: expected["tensors"] as? [[String: Any]] ?? [])
        }
    }
}

func hexBytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { UInt8($0 <= 57 ? $0 - 48 : $0 - 87) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
