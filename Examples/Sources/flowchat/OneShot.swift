import FlowModel
import Foundation

/// One message, one answer on standard output.
struct OneShot {
    let chat: Chat
    let interrupts: Interrupts
    let verbose: Bool

    func run(_ text: String, asMessage: Bool) throws -> GenerationResult {
        var printer = AnswerPrinter(trimsBeginning: asMessage)
        let result = try interrupts.during { (goesOn) throws(InferenceError) in
            let onEvent: (GenerationEvent) -> Bool = { event in
                if case .text(let piece) = event, !printer.write(piece) { return false }
                return goesOn()
            }
            return asMessage ? try chat.answer(text, onEvent: onEvent) : try chat.complete(text, onEvent: onEvent)
        }
        guard printer.end() else { throw Failure("cannot write the answer to standard output") }
        if verbose { standardError(chat.statistics.last) }
        return result
    }
}

/// Writes pieces of an answer as they come.
struct AnswerPrinter {
    private var isAtBeginning: Bool
    private let isForScreen = isatty(STDOUT_FILENO) == 1

    /// - Parameter trimsBeginning: leave out white space before the first character.
    init(trimsBeginning: Bool) { isAtBeginning = trimsBeginning }

    /// False when nobody reads any more.
    mutating func write(_ piece: String) -> Bool {
        var piece = piece[...]
        if isAtBeginning {
            piece = piece.drop { $0.isWhitespace }
            if piece.isEmpty { return true }
            isAtBeginning = false
        }
        guard isForScreen else { return standardOutput(piece) }
        // A model may draw any byte; a terminal would obey some of them.
        let harmless = piece.unicodeScalars.filter { $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control }
        return standardOutput(String(String.UnicodeScalarView(harmless)))
    }

    /// False when not all of the answer could be written.
    @discardableResult
    func end() -> Bool { standardOutput("\n") }
}
