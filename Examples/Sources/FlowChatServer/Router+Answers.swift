import FlowHTTP
import FlowModel
import Foundation

extension Router {
    /// `POST /v1/chat/completions`.
    func chat(_ request: HTTPRequest) async throws -> HTTPReply {
        let body = try request.decoded(ChatRequest.self)
        let model = try model(named: body.answer.model)
        var parameters = body.answer
        let template = model.model.chatTemplate
        parameters.options.stopSequences += template.stopSequences
        let prompt = template.tokens(body.messages, tokenizer: model.model.tokenizer)
        return try await answer([prompt], parameters, .chat, model, from: "messages")
    }

    /// `POST /v1/completions`.
    func complete(_ request: HTTPRequest) async throws -> HTTPReply {
        let body = try request.decoded(CompletionRequest.self)
        let model = try model(named: body.answer.model)
        let tokenizer = model.model.tokenizer
        let prompts = body.prompts.map { prompt in
            switch prompt {
            case .text(let text): (tokens: tokenizer.encode(text), text: text)
            case .tokens(let tokens): (tokens: tokens, text: body.echoes ? tokenizer.decode(tokens) : "")
            }
        }
        let echoes = prompts.flatMap { [String](repeating: body.echoes ? $0.text : "", count: body.answer.choices) }
        return try await answer(prompts.map(\.tokens), body.answer, .completion(echoes: echoes), model, from: "prompt")
    }

    private func answer(
        _ prompts: [[Int]], _ parameters: AnswerParameters, _ kind: AnswerShape.Kind, _ model: ServedModel, from parameter: String
    ) async throws -> HTTPReply {
        let size = model.model.configuration.vocabularySize
        do { try parameters.options.sampling.validate(vocabularySize: size) } catch {
            throw APIError.invalid(error.parameter, "\(error)")
        }
        for prompt in prompts {
            if prompt.isEmpty { throw APIError(InferenceError.emptyPrompt, parameter: parameter) }
            if let token = prompt.first(where: { $0 < 0 || $0 >= size }) {
                throw APIError(InferenceError.tokenOutOfRange(token: token, vocabularySize: size), parameter: parameter)
            }
            guard prompt.count < model.capacity else {
                throw APIError(InferenceError.contextFull(needed: prompt.count + 1, capacity: model.capacity), parameter: parameter)
            }
        }
        let jobs = prompts.flatMap { prompt in
            (0..<parameters.choices).map { (prompt: prompt, options: parameters.options(choice: $0)) }
        }
        let shape = AnswerShape(kind, model: model, answer: parameters)
        let events = try scheduler.submit(jobs, model: model)
        if parameters.streams {
            return HTTPReply(
                type: "text/event-stream; charset=utf-8", headers: ["X-Accel-Buffering": "no"],
                body: .stream(AnswerEvents.stream(events, shape, answers: jobs.count, choicesPerPrompt: parameters.choices)))
        }
        return HTTPReply(try await Self.whole(events, shape, jobs.count, parameters))
    }

    private static func whole(
        _ events: AnswerStream.Events, _ shape: AnswerShape, _ count: Int, _ parameters: AnswerParameters
    ) async throws -> JSON {
        var progress = [AnswerProgress](repeating: AnswerProgress(trimsBeginning: shape.trimsBeginning), count: count)
        for try await (choice, event) in events { progress[choice].take(event) }
        let answers = progress.compactMap { progress in
            progress.result.map { (text: progress.text, tokens: progress.tokens, result: $0) }
        }
        // The stream ends early only when the client has gone, and then nobody reads this.
        guard answers.count == count else { throw APIError.stopping }
        return shape.whole(answers, usage: Usage(answers.map(\.result), choicesPerPrompt: parameters.choices))
    }
}
