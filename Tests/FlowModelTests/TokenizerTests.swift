import FlowGGUF
import FlowModel
import Testing

struct TokenizerTests {
    private func tokenizer() throws -> Tokenizer {
        try Tokenizer(RandomModel.file(RandomModel.configuration(), seed: 1))
    }

    @Test func bytesAreTokens() throws {
        let tokenizer = try tokenizer()
        let text = "Zoë\n\0 漢"
        #expect(tokenizer.encode(text) == [256] + text.utf8.map(Int.init))
        #expect(tokenizer.encode(text, beginsText: false) == text.utf8.map(Int.init))
        #expect(tokenizer.decode(tokenizer.encode(text)) == text)
        for byte in 0..<256 { #expect(tokenizer.decode(byte) == [UInt8(byte)]) }
        #expect([256, 257, 258, -1].allSatisfy { tokenizer.decode($0).isEmpty })
        #expect(tokenizer.endTokens == [257])
    }

    @Test func controlTokensAreReadOnlyOnRequest() throws {
        let tokenizer = try tokenizer()
        #expect(tokenizer.encode("a<eos>b", beginsText: false, specials: true) == [97, 257, 98])
        #expect(tokenizer.encode("a<eos>", beginsText: false).count == 6)
    }

    @Test func conversationsAreWrittenAsQuestionsAndAnswers() throws {
        let messages = [
            ChatMessage(role: .system, content: "Be kind."), ChatMessage(role: .user, content: "2+2?"),
            ChatMessage(role: .assistant, content: "4"), ChatMessage(role: .user, content: "<eos>"),
        ]
        let template = ChatTemplate(source: ChatTemplate.questionAndAnswerSource)
        #expect(template == .questionAndAnswer)
        #expect(template.render(messages) == "Be kind.\nQ: 2+2?\nA: 4\nQ: <eos>\nA:")
        let tokens = template.tokens(messages, tokenizer: try tokenizer())
        #expect(tokens == [256] + template.render(messages).utf8.map(Int.init))
    }

    @Test func templatesAreRecognised() {
        #expect(ChatTemplate(source: nil) == .plain)
        #expect(ChatTemplate(source: "{{ messages }}") == .plain)
        let chatML = ChatTemplate(source: "{{'<|im_start|>' + message['role']}}")
        #expect(chatML == .chatML)
        #expect(
            chatML.render([ChatMessage(role: .user, content: "hi")])
                == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n")
    }
}
