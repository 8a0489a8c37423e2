import FlowGGUF
@testable import FlowModel
import Foundation
import Testing

/// With `FLOW_TOKENIZER_FOLDER` set, writes this library's tokens of the folder's `texts.json` in each of its GGUF
/// files, for `Tests/Compatibility/check_tokenizers.py` to compare with llama.cpp's.
struct TokenizerCompatibilityFiles {
    private struct Tokens: Encodable {
        let plain: [[Int]]
        let special: [[Int]]
    }

    @Test func areWrittenOnRequest() throws {
        guard let folder = ProcessInfo.processInfo.environment["FLOW_TOKENIZER_FOLDER"] else { return }
        let url = URL(fileURLWithPath: folder)
        let texts = try JSONDecoder().decode([String].self, from: Data(contentsOf: url.appendingPathComponent("texts.json")))
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".gguf") {
            let tokenizer = try Tokenizer(GGUFFile(mapping: url.appendingPathComponent(name).path))
            let tokens = Tokens(
                plain: texts.map { tokenizer.encode($0, beginsText: false) },
                special: texts.map { tokenizer.encode($0, beginsText: false, specials: true) })
            let target = url.appendingPathComponent(String(name.dropLast(5)) + ".tokens.json")
            try JSONEncoder().encode(tokens).write(to: target)
        }
    }
}
