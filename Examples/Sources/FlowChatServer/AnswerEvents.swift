import FlowModel
import Foundation

/// Turns the events of answers into server-sent events, each when the client has taken the one before.
final class AnswerEvents: @unchecked Sendable {
    private let shape: AnswerShape
    private let choicesPerPrompt: Int
    private var progress: [AnswerProgress]
    private var iterator: AnswerStream.Events.Iterator
    private var opening: Data
    private var isOver = false

    /// The stream lets go of `events` when it is let go of itself, which stops the answers.
    static func stream(
        _ events: AnswerStream.Events, _ shape: AnswerShape, answers: Int, choicesPerPrompt: Int
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        let writer = AnswerEvents(events, shape, answers: answers, choicesPerPrompt: choicesPerPrompt)
        return AsyncThrowingStream { await writer.next().map { Array($0) } }
    }

    private init(_ events: AnswerStream.Events, _ shape: AnswerShape, answers: Int, choicesPerPrompt: Int) {
        self.shape = shape
        self.choicesPerPrompt = choicesPerPrompt
        progress = [AnswerProgress](repeating: AnswerProgress(trimsBeginning: shape.trimsBeginning), count: answers)
        iterator = events.makeAsyncIterator()
        opening = (0..<answers).compactMap { shape.opening($0) }.reduce(Data(), +)
    }

    private func next() async -> Data? {
        if !opening.isEmpty {
            defer { opening = Data() }
            return opening
        }
        while !isOver {
            do {
                guard let (choice, event) = try await iterator.next() else { return try end() }
                progress[choice].take(event)
                if let data = piece(choice) { return data }
            } catch {
                // The status has gone out already: a fault can only be told in a further event.
                isOver = true
                return AnswerShape.event(APIError.failed(error).json)
            }
        }
        return nil
    }

    private func piece(_ choice: Int) -> Data? {
        let offset = progress[choice].length
        let result = progress[choice].result
        guard result != nil || !progress[choice].text.isEmpty else { return nil }
        let new = progress[choice].drain()
        var data = Data()
        if !new.text.isEmpty || !new.tokens.isEmpty { data = shape.piece(choice, new.text, new.tokens, offset: offset) }
        if let result { data += shape.closing(choice, result.reason) }
        return data
    }

    private func end() throws -> Data {
        isOver = true
        let results = progress.compactMap(\.result)
        guard results.count == progress.count else { throw APIError.stopping }
        let usage = Usage(results, choicesPerPrompt: choicesPerPrompt)
        return (shape.includesUsage ? shape.usage(usage) : Data()) + AnswerShape.done
    }
}
