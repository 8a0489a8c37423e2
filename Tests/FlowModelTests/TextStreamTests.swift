@testable import FlowModel
import TestSupport
import Testing

struct TextStreamTests {
    @Test func charactersAreNeverCut() {
        let text = "aä漢🙂é\u{301}z"
        var stream = TextStream()
        var pieces: [String] = []
        for byte in text.utf8 { pieces.append(stream.append([byte])) }
        pieces.append(stream.flush())
        #expect(pieces.joined() == text)
        #expect(pieces.allSatisfy { !$0.contains("\u{FFFD}") })
    }

    @Test func bytesThatAreNoTextBecomeReplacementCharacters() {
        var stream = TextStream()
        #expect(stream.append([0xFF]) == "\u{FFFD}")
        #expect(stream.append([0x80]) == "\u{FFFD}")
        #expect(stream.append([0xE6, 0xBC]) == "")
        #expect(stream.append([0x41]) == "\u{FFFD}A")
        #expect(stream.append([0xF0, 0x9F]) == "")
        #expect(stream.flush() == "\u{FFFD}")
    }

    @Test func textThatMayBecomeAStopIsHeldBack() {
        var stream = TextStream(stopSequences: ["\nQ:", "END"])
        #expect(stream.append("yes\n".utf8) == "yes")
        #expect(stream.append("no".utf8) == "\nno")
        #expect(stream.append("E".utf8) == "")
        #expect(stream.append("N".utf8) == "")
        #expect(stream.append("E".utf8) == "EN")
        #expect(stream.append("ND of it".utf8) == "")
        #expect(stream.foundStop == "END")
        #expect(stream.append("more".utf8) == "")
        #expect(stream.flush() == "")
    }

    @Test func anyCuttingGivesTheSameText() {
        let text = Array("one\nQ two 漢\nQQ: three\nQ: four".utf8)
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<200 {
            var stream = TextStream(stopSequences: ["", "\nQ:"])
            var output = ""
            var index = 0
            while index < text.count {
                let end = min(text.count, index + Int.random(in: 1...6, using: &generator))
                output += stream.append(text[index..<end])
                index = end
            }
            output += stream.flush()
            #expect(output == "one\nQ two 漢\nQQ: three")
        }
    }
}
