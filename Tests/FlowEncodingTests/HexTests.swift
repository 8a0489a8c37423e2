import FlowEncoding
import TestSupport
import Testing

struct HexTests {
    @Test func roundTrip() throws {
        let all = (0...255).map { UInt8($0) }
        #expect(Hex.encode([]) == "")
        #expect(Hex.encode([0, 9, 10, 0xab, 255]) == "00090aabff")
        #expect(Hex.encode(all[3..<5]) == "0304")
        #expect(try Hex.decode(Hex.encode(all)) == all)
        #expect(try Hex.decode(Hex.encode(all).uppercased()) == all)
    }

    @Test func rejects() {
        #expect(throws: HexError.oddLength(3)) { try Hex.decode("abc") }
        #expect(throws: HexError.invalidDigit(103, position: 1)) { try Hex.decode("0g") }
        #expect(throws: HexError.invalidDigit(120, position: 1)) { try Hex.decode("0x00") }
        #expect(throws: HexError.self) { try Hex.decode("é") }
        #expect(throws: HexError.self) { try Hex.decode("00 ") }
        for character in UInt8(0)..<128 {
            let text = "0" + String(UnicodeScalar(character))
            let isDigit = "0123456789abcdefABCDEF".utf8.contains(character)
            #expect(((try? Hex.decode(text)) != nil) == isDigit)
        }
        #expect(HexError.wrongLength(expected: 32, actual: 31).description == "expected 64 hex digits, got 62")
        #expect(HexError.oddLength(3).description.contains("3"))
        #expect(HexError.invalidDigit(103, position: 1).description.contains("position 1"))
    }
}
