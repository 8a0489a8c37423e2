import FlowEncoding
import Foundation
import TestSupport
import Testing

@Suite struct Base64Tests {
    @Test func theTextsOfTheStandard() throws {
        for (plain, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")] {
            #expect(Base64.encode(Array(plain.utf8)) == text)
            #expect(try Base64.decode(text) == Array(plain.utf8))
        }
    }

    @Test func itIsFoundationsText() throws {
        var random = SeededGenerator(seed: 64)
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Data(bytes).base64EncodedString()
            #expect(Base64.encode(bytes) == text)
            #expect(try Base64.decode(text) == bytes)
        }
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zg==\n", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zg==Zg==", "Zm9v=", "Zm-_", "=m9v", "Zm9é", "Z=g="])
    func whatIsNotTheOneTextIsRefused(_ text: String) {
        #expect(throws: DecodingFault.self) { try Base64.decode(text) }
    }
}
