import FlowGGUF
import FlowModel
import Foundation
import Synchronization

/// What `/metrics` shows, in Prometheus' text format.
final class Metrics: Sendable {
    private struct Request: Hashable {
        var route: String
        var method: String
        var status: Int
    }

    private struct Histogram {
        let bounds: [Double]
        var counts: [Int]
        var sum = 0.0

        init(_ bounds: [Double]) {
            self.bounds = bounds
            counts = [Int](repeating: 0, count: bounds.count + 1)
        }

        mutating func add(_ value: Double) {
            counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
            sum += value
        }
    }

    private struct State {
        var requests: [Request: Int] = [:]
        var promptTokens = 0
        var reusedTokens = 0
        var generatedTokens = 0
        var answers: [String: Int] = [:]
        var firstToken = Histogram([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60])
        var decodeRate = Histogram([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000])
        var reloads = 0
        var failedReloads = 0
    }

    private let state = Mutex(State())
    private let started = Date().timeIntervalSince1970

    func countRequest(route: String, method: String, status: Int) {
        // Only methods that exist make a series, so that clients cannot fill the memory.
        let method = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"].contains(method) ? method : "other"
        state.withLock { $0.requests[Request(route: route, method: method, status: status), default: 0] += 1 }
    }

    /// Counts an answer that is over.
    func count(_ job: AnswerJob) {
        guard let result = job.generation?.result else { return }
        state.withLock { state in
            state.promptTokens += result.promptTokens
            state.reusedTokens += result.reusedTokens
            state.generatedTokens += result.generatedTokens
            state.answers[result.reason == .cancelled ? "cancelled" : result.reason.name, default: 0] += 1
            guard let first = job.firstToken else { return }
            state.firstToken.add((first - job.submitted) / .seconds(1))
            let seconds = (ContinuousClock.now - first) / .seconds(1)
            if result.generatedTokens > 1, seconds > 0 { state.decodeRate.add(Double(result.generatedTokens - 1) / seconds) }
        }
    }

    func countReload(failed: Bool) {
        state.withLock { if failed { $0.failedReloads += 1 } else { $0.reloads += 1 } }
    }

    func text(active: Int, waiting: Int, connections: Int, model: ServedModel?) -> String {
        let state = state.withLock { $0 }
        var text = ""
        func series(_ name: String, _ kind: String, _ help: String, _ lines: [(labels: String, value: String)]) {
            text += "# HELP flowchat_\(name) \(help)\n# TYPE flowchat_\(name) \(kind)\n"
            for line in lines { text += "flowchat_\(name)\(line.labels) \(line.value)\n" }
        }
        func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
            text += "# HELP flowchat_\(name) \(help)\n# TYPE flowchat_\(name) histogram\n"
            var total = 0
            for (index, count) in histogram.counts.enumerated() {
                total += count
                let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
                text += "flowchat_\(name)_bucket{le=\"\(bound)\"} \(total)\n"
            }
            text += "flowchat_\(name)_sum \(histogram.sum)\nflowchat_\(name)_count \(total)\n"
        }
        series(
            "requests_total", "counter", "Requests by route, method and status.",
            state.requests.sorted { ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status) }.map {
                ("{route=\"\($0.key.route)\",method=\"\($0.key.method)\",status=\"\($0.key.status)\"}", "\($0.value)")
            })
        series("prompt_tokens_total", "counter", "Tokens of prompts.", [("", "\(state.promptTokens)")])
        series("prompt_tokens_reused_total", "counter", "Tokens of prompts known from before.", [("", "\(state.reusedTokens)")])
        series("generated_tokens_total", "counter", "Tokens of answers.", [("", "\(state.generatedTokens)")])
        series(
            "answers_total", "counter", "Answers by the reason of their end.",
            state.answers.sorted { $0.key < $1.key }.map { ("{reason=\"\($0.key)\"}", "\($0.value)") })
        series("answers_active", "gauge", "Answers being made.", [("", "\(active)")])
        series("queue_length", "gauge", "Answers waiting to be begun.", [("", "\(waiting)")])
        series("connections", "gauge", "Open connections.", [("", "\(connections)")])
        histogram("time_to_first_token_seconds", "From a request's acceptance to its first token.", state.firstToken)
        histogram("decode_tokens_per_second", "Tokens per second of single answers after their first token.", state.decodeRate)
        series("model_reloads_total", "counter", "Times that a newer model was taken.", [("", "\(state.reloads)")])
        series("model_reload_failures_total", "counter", "Newer files that were no usable model.", [("", "\(state.failedReloads)")])
        if let model {
            series("model_info", "gauge", "The model that answers.", [("{model=\"\(Self.label(model.name))\"}", "1")])
            if let height = model.model.file.metadata["flowcoin.height"]?.integer {
                series("model_chain_height", "gauge", "Block of the chain that the model belongs to.", [("", "\(height)")])
            }
        }
        series("start_time_seconds", "gauge", "When the server started, in Unix time.", [("", "\(started)")])
        return text
    }

    private static func number(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }

    private static func label(_ text: String) -> String {
        text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "\n", with: "\\n")
    }
}

extension FinishReason {
    /// The word of the OpenAI interface.
    var name: String {
        switch self {
        case .endOfText, .stopSequence: "stop"
        case .maximumTokens, .contextFull: "length"
        case .cancelled: "stop"
        }
    }
}
