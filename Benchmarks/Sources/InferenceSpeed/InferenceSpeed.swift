import FlowModel
import FlowTensor
import Foundation

/// Times one model file and prints one line of JSON; `compare_llama_cpp.py` runs it beside llama.cpp.
///
///     InferenceSpeed MODEL.gguf PROMPT_TOKENS GENERATED_TOKENS THREADS
@main
struct InferenceSpeed {
    struct Figures: Encodable {
        /// Seconds from opening the file to the logits after a prompt of sixteen tokens.
        var firstToken: Double
        /// Tokens a second.
        var prefill: Double
        var decode: Double
        /// Bytes of resident memory at the most, beyond what the process had before.
        var memory: Int
        /// The decoded tokens, most probable each.
        var tokens: [Int]
    }

    static func main() throws {
        let arguments = CommandLine.arguments
        let numbers = arguments.dropFirst(2).compactMap { Int($0) }
        guard numbers.count == 3, numbers.allSatisfy({ $0 > 0 }) else {
            print("usage: InferenceSpeed MODEL.gguf PROMPT_TOKENS GENERATED_TOKENS THREADS")
            exit(64)
        }
        let before = residentBytes("VmRSS")
        let clock = ContinuousClock()
        let start = clock.now
        let model = try InferenceModel(path: arguments[1])
        let session = InferenceSession(model: model, capacity: max(1_024, numbers[0] + numbers[1]), pool: ThreadPool(threads: numbers[2]))
        try session.prefill(prompt(16))
        let firstToken = seconds(clock.now - start)

        session.rewind(to: 0)
        let words = prompt(numbers[0])
        let prefill = seconds(try clock.measure { try session.prefill(words) })
        var tokens: [Int] = []
        let decode = seconds(
            try clock.measure {
                for _ in 0..<numbers[1] {
                    let best = session.logits.indices.max { session.logits[$0] < session.logits[$1] } ?? 0
                    tokens.append(best)
                    try session.decode(best)
                }
            })
        let figures = Figures(
            firstToken: firstToken, prefill: Double(numbers[0]) / prefill, decode: Double(numbers[1]) / decode,
            memory: residentBytes("VmHWM") - before, tokens: tokens)
        print(String(decoding: try JSONEncoder().encode(figures), as: UTF8.self))
    }

    /// The same numbers as the script's: a linear congruence.
    static func prompt(_ count: Int) -> [Int] {
        var state: UInt32 = 12_345
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Int(state >> 24)
        }
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    /// A line of Linux's status of this process; 0 elsewhere.
    static func residentBytes(_ name: String) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1024
    }
}
