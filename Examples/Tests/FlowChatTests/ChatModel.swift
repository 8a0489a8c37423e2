import FlowGGUF
import FlowModel
import Foundation
import Testing

/// A small model with random weights, the same for the same seed.
enum ChatModel {
    /// - Parameter endless: neither a line break nor an end token is ever drawn, so that an answer goes on until somebody stops it
    ///   or the context is full.
    static func write(
        to path: String, seed: UInt64 = 1, contextLength: UInt32 = 4096, endless: Bool = false, metadata: [(key: String, value: GGUFValue)] = []
    ) throws {
        let configuration = try ModelConfiguration(
            ModelShape(
                embeddingLength: 64, layerCount: 2, headCount: 4, expertCount: 8, expertWidth: 96, contextLength: contextLength, batchSize: 1))
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
                if endless { takeEndsAway(tensor, elements) }
            }
        }
        try ModelExport(configuration: configuration, metadata: metadata).write(state, toFile: path)
    }

    /// Keeps the first element of what passes through the layers at 1, and lets the ends' logits fall far below all others by it.
    private static func takeEndsAway(_ tensor: TensorDescriptor, _ elements: UnsafeMutableBufferPointer<Float>) {
        let columns = tensor.shape.last ?? 1
        switch tensor.role {
        case .tokenEmbedding:
            for row in stride(from: tensor.offset, to: tensor.range.upperBound, by: columns) { elements[row] = 1 }
        case .attentionOutput, .down:
            let matrix = tensor.shape.suffix(2).reduce(1, *)
            for start in stride(from: tensor.offset, to: tensor.range.upperBound, by: matrix) {
                for index in start..<start + columns { elements[index] = 0 }
            }
        case .output:
            for token in [10, 257] { elements[tensor.offset + token * columns] = -64 }
        default: break
        }
    }
}

/// With `FLOW_CHAT_FOLDER` set, writes the models for the scripts in `Tests/Compatibility` into that folder: `chat.gguf`, and
/// `endless.gguf`, whose answers last for many seconds.
struct ChatModelFile {
    @Test func isWrittenOnRequest() throws {
        guard let folder = ProcessInfo.processInfo.environment["FLOW_CHAT_FOLDER"] else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ChatModel.write(to: folder + "/chat.gguf")
        try ChatModel.write(to: folder + "/endless.gguf", contextLength: 65_536, endless: true)
    }
}
