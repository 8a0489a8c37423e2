@testable import FlowCrypto
import Foundation
import TestSupport
import Testing

struct NFKDTests {
    struct File: Decodable {
        struct Text: Decodable { let text: String, nfkd: [UInt32] }
        let blocks: [String], texts: [Text]
    }

    let file: File
    init() throws { file = try Vectors.json("flow/nfkd.json") }

    /// Every scalar of Unicode, by digests over blocks of 4,096 code points.
    @Test func everyScalar() {
        #expect(file.blocks.count == 272)
        for (block, digest) in file.blocks.enumerated() {
            var bytes: [UInt8] = []
            for value in UInt32(block) * 4096..<UInt32(block + 1) * 4096 {
                guard let scalar = Unicode.Scalar(value) else { continue }
                bytes.append(contentsOf: NFKD.normalize(String(scalar)).utf8)
                bytes.append(0)
            }
            #expect(BLAKE2b.hash256(bytes).hex == digest, "block \(block)")
        }
    }

    @Test func textsWithMarksOutOfOrder() {
        #expect(file.texts.count == 410)
        for row in file.texts {
            let normal = NFKD.normalize(row.text)
            #expect(normal.unicodeScalars.map(\.value) == row.nfkd)
            #expect(NFKD.normalize(normal).unicodeScalars.elementsEqual(normal.unicodeScalars))
        }
    }

    /// A second implementation, on text that people type.
    @Test func agreesWithFoundation() {
        for text in ["pässwörd", "Ångström", "ﬁne ½ ²", "파스워드", "パスワード", "Ёлка", "Việt Nam", "שָׁלוֹם", "🔑 key", "ﷺ"] {
            let expected = text.decomposedStringWithCompatibilityMapping
            #expect(NFKD.normalize(text).unicodeScalars.elementsEqual(expected.unicodeScalars), "\(text)")
        }
    }
}
