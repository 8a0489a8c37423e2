import FlowGGUF
@testable import FlowModel
import Foundation
import Testing

/// With `FLOW_COMPATIBILITY_FOLDER` set, writes a random model in each format, and this library's logits for 50 random
/// prompts, for `Tests/Compatibility/check_llama_cpp.py` to compare with llama.cpp's.
struct InferenceCompatibilityFiles {
    private struct Expected: Encodable {
        let prompts: [[Int]]
        /// After each prompt's last token.
        let logits: [[Float]]
    }

    @Test func areWrittenOnRequest() throws {
        guard let folder = ProcessInfo.processInfo.environment["FLOW_COMPATIBILITY_FOLDER"] else { return }
        let configuration = try RandomModel.configuration()
        let state = RandomModel.state(configuration, seed: 4)
        let prompts = RandomModel.prompts(50, seed: 5, longest: 200)
        for format in ExportFormat.allCases {
            let path = "\(folder)/\(format.rawValue).gguf"
            try ModelExport(
                configuration: configuration, format: format,
                metadata: [("flowcoin.chain.height", .uint32(7)), ("flowcoin.model_root", .string("00ff"))]
            ).write(state, toFile: path)
            try compare(path, prompts)
        }
        for (name, experts) in RandomLlama.kinds {
            let path = "\(folder)/\(name)-f32.gguf"
            try Data(RandomLlama.bytes(experts: experts, seed: 6)).write(to: URL(fileURLWithPath: path))
            try compare(path, prompts)
        }
    }

    private func compare(_ path: String, _ prompts: [[Int]]) throws {
        let model = try InferenceModel(path: path)
        let logits = try prompts.map { prompt in
            let session = InferenceSession(model: model)
            try session.prefill(prompt)
            return session.logits
        }
        let data = try JSONEncoder().encode(Expected(prompts: prompts, logits: logits))
        try data.write(to: URL(fileURLWithPath: String(path.dropLast(5)) + ".json"))
    }
}
