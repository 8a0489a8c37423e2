import FlowModel
import Foundation

/// The conversation in the terminal.
struct ChatTerminal {
    let chat: Chat
    let interrupts: Interrupts
    let verbose: Bool
    private let input = LineReader()

    init(chat: Chat, interrupts: Interrupts, verbose: Bool) {
        self.chat = chat
        self.interrupts = interrupts
        self.verbose = verbose
    }

    func run() throws(InferenceError) {
        if input.isTerminal {
            let name = chat.session.model.configuration.name ?? "the model"
            say("Chat with \(name). /help lists the commands, Ctrl-D ends.")
        }
        while let line = input.read() {
            let message = line.trimmingCharacters(in: .whitespacesAndNewlines)
            if message.isEmpty { continue }
            if message.hasPrefix("/") {
                if !command(message) { return }
            } else {
                try answer(message)
            }
        }
    }

    /// False when the command ends the program.
    private func command(_ text: String) -> Bool {
        switch text.split(separator: " ").first {
        case "/help":
            say("""
                /help   this list
                /reset  begin a new conversation
                /stats  facts about the model, tokens and speed
                /exit   end (Ctrl-D too)
                Ctrl-C stops an answer. A line that ends with \\ goes on in the next; Alt-Enter begins a new line too.
                Arrow keys go through the line and through what was typed before.
                """)
        case "/reset":
            chat.reset()
            say("A new conversation begins.")
        case "/stats": say(chat.statistics.report(chat.session, seed: chat.seed))
        case "/exit", "/quit": return false
        default: say("There is no command \(text); /help lists them.")
        }
        return true
    }

    private func answer(_ message: String) throws(InferenceError) {
        var printer = AnswerPrinter(trimsBeginning: true)
        let result = try interrupts.during { (goesOn) throws(InferenceError) in
            try chat.answer(message) { event in
                if case .text(let piece) = event, !printer.write(piece) { return false }
                return goesOn()
            }
        }
        switch result.reason {
        case .cancelled where input.isTerminal: say(" [stopped]")
        case .maximumTokens where input.isTerminal: say(" [cut after \(result.generatedTokens) tokens; -n allows more]")
        default: printer.end()
        }
        if verbose { standardError(chat.statistics.last) }
    }

    private func say(_ text: String) { standardOutput(text + "\n") }
}
