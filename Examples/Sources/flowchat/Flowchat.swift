import ArgumentParser
import FlowGGUF
import FlowModel
import Foundation
import ProgramVersion

/// Talks with a model in a GGUF file.
@main
struct Flowchat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flowchat",
        abstract: "Chat with a GGUF model in the terminal, or serve it over HTTP.",
        version: ProgramVersion.text,
        subcommands: [Talk.self, Serve.self], defaultSubcommand: Talk.self)
}

/// `flowchat` without a subcommand.
struct Talk: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Chat in the terminal (what happens without a subcommand).",
        discussion: """
            Without -p it is a conversation: type a message, the answer streams. Ctrl-C stops an answer, /help lists the \
            commands. When the input is not a terminal, each line of it is one message.
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var answers: AnswerOptions

    @Option(name: .shortAndLong, help: "Answer this one message and end.")
    var prompt: String?

    @Flag(help: "With -p: go on writing the text instead of answering it as a message.")
    var complete = false

    @Option(help: "A message to the model that stands before the conversation.")
    var system: String?

    @Flag(name: .shortAndLong, help: "Report the speed on standard error after each answer.")
    var verbose = false

    func validate() throws {
        if complete, prompt == nil { throw ValidationError("--complete needs a text: -p TEXT") }
    }

    func run() throws {
        let path = try model.path
        do {
            let loaded = try model.load()
            let chat = Chat(model: loaded, options: answers, model: model, system: system)
            let interrupts = Interrupts()
            if let prompt {
                let result = try OneShot(chat: chat, interrupts: interrupts, verbose: verbose)
                    .run(prompt, asMessage: !complete)
                if result.reason == .cancelled { throw ExitCode(130) }
            } else {
                try ChatTerminal(chat: chat, interrupts: interrupts, verbose: verbose).run()
            }
        } catch let error as GGUFError {
            throw Failure("cannot use '\(path)': \(error)")
        } catch let error as InferenceError {
            throw Failure("\(error)")
        }
    }
}

/// An error whose text is for people; the exit status is 1.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
