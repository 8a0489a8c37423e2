import FlowGGUF
import FlowModel
import Foundation
import Testing

/// A small model with random weights, the same for the same seed.
enum ChatModel {
    static func write(to path: String, seed: UInt64 = 1, contextLength: Int = 4096, metadata: [(key: String, value: GGUFValue)] = []) throws {
        let configuration = try ModelConfiguration(
            embeddingLength: 64, layerCount: 2, headCount: 4, expertCount: 8, expertWidth: 96, contextLength: contextLength, batchSize: 1)
        let state = ModelState(zeros: configuration)
        var random = seed
        func uniform() -> Double {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(random >> 11) * 0x1p-52 - 1
        }
        state.withUnsafeMutableElements { elements in
            for tensor in configuration.tensors {
                let isGain = tensor.shape.count == 1
                let range = isGain ? 0.25 : (3 / Double(tensor.shape.last ?? 1)).squareRoot()
                for index in tensor.range { elements[index] = Float(((isGain ? 1 : 0) + uniform() * range) * 0x1p20).rounded() * 0x1p-20 }
            }
        }
        try ModelExport(configuration: configuration, metadata: metadata).write(state, toFile: path)
    }
}

/// With `FLOW_CHAT_FOLDER` set, writes the model for the scripts in `Tests/Compatibility` as `chat.gguf` into that folder.
struct ChatModelFile {
    @Test func isWrittenOnRequest() throws {
        guard let folder = ProcessInfo.processInfo.environment["FLOW_CHAT_FOLDER"] else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ChatModel.write(to: folder + "/chat.gguf")
    }
}
