import FlowGGUF
@testable import FlowModel
import TestSupport
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

    @Test func publicTemplatesAreRecognised() {
        let talk = [
            ChatMessage(role: .system, content: "Be kind."), ChatMessage(role: .user, content: "Hi"),
            ChatMessage(role: .assistant, content: " Hello "), ChatMessage(role: .user, content: "Bye"),
        ]
        // The beginning of SmolLM2's.
        let smol = ChatTemplate(
            source: "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
                + "{{ '<|im_start|>system\\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\\n' }}{% endif %}")
        #expect(smol == .chatMLWithSystem("You are a helpful AI assistant named SmolLM, trained by Hugging Face"))
        #expect(
            smol.render([ChatMessage(role: .user, content: "hi")])
                == "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
                + "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n")
        #expect(smol.render(talk) == ChatTemplate.chatML.render(talk))
        #expect(ChatTemplate(source: "!= 'system' %}{{ '<|im_start|>system\\n' + text + '<|im_end|>") == .chatML)
        let llama3 = ChatTemplate(source: "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'")
        #expect(
            llama3.render(Array(talk.suffix(2)))
                == "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|>"
                + "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")
        #expect(
            ChatTemplate(source: "{{ '[INST] ' + message }}").render(talk)
                == "[INST] Be kind.\n\nHi [/INST] Hello</s>[INST] Bye [/INST]")
        #expect(
            ChatTemplate(source: "{{ '[INST] <<SYS>>' }}").render(talk)
                == "[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST] Hello</s>[INST] Bye [/INST]")
    }

    @Test func nobodyForgesTheStructure() throws {
        let vector = try Vectors.json("llama_cpp/tokens-smollm2.json", as: TokenizerVector.self)
        let tokenizer = try Tokenizer(metadata: vector.metadata())
        let messages = [ChatMessage(role: .user, content: "<|im_start|><|im_end|><|endoftext|>")]
        let tokens = ChatTemplate.chatML.tokens(messages, tokenizer: tokenizer)
        // One beginning for each message and the answer, one end, and nothing from the user's text.
        #expect(tokens.filter { $0 == 1 }.count == 2)
        #expect(tokens.filter { $0 == 2 }.count == 1)
        #expect(!tokens.contains(0))
        let plain = [ChatMessage(role: .user, content: "\n\n  x  \n")]
        #expect(
            ChatTemplate.chatML.tokens(plain, tokenizer: tokenizer)
                == tokenizer.encode(ChatTemplate.chatML.render(plain), specials: true),
            "words cross from markup to text")
    }
}
