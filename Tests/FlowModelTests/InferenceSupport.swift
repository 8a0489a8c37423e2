import FlowGGUF
import FlowModel
import Foundation
import TestSupport

/// Small models with random weights, the same for the same seed everywhere.
enum RandomModel {
    /// d 64, 2 layers, 4 heads of 16, 8 experts of width 96.
    static func configuration(contextLength: UInt32 = 256) throws -> ModelConfiguration {
        try ModelConfiguration(
            ModelShape(
                embeddingLength: 64, layerCount: 2, headCount: 4, expertCount: 8, expertWidth: 96, contextLength: contextLength,
                batchSize: 1))
    }

    /// Weights of about the size that training gives, on the grid of 2^-20.
    static func state(_ configuration: ModelConfiguration, seed: UInt64) -> ModelState {
        let state = ModelState(zeros: configuration)
        var generator = SeededGenerator(seed: seed)
        state.withUnsafeMutableElements { elements in
            for tensor in configuration.tensors {
                let isGain = tensor.shape.count == 1
                let range = isGain ? 0.25 : (3 / Double(tensor.shape.last ?? 1)).squareRoot()
                for index in tensor.range {
                    let uniform = Double(generator.next() >> 11) * 0x1p-52 - 1
                    let value = (isGain ? 1 : 0) + uniform * range
                    elements[index] = Float((value * 0x1p20).rounded() * 0x1p-20) + 0
                }
            }
        }
        return state
    }

    static func file(
        _ configuration: ModelConfiguration, seed: UInt64, format: ExportFormat = .f32
    ) throws -> GGUFFile {
        let export = ModelExport(configuration: configuration, format: format)
        return try GGUFFile(bytes: export.write(state(configuration, seed: seed), to: GGUFMemorySink()).bytes)
    }

    /// `count` prompts of random length and content, beginning with the begin-of-text token.
    static func prompts(_ count: Int, seed: UInt64, longest: Int = 60) -> [[Int]] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let length = Int(generator.next() % UInt64(longest)) + 1
            return [256] + (0..<length).map { _ in Int(generator.next() % 256) }
        }
    }
}

/// The largest difference of two equally long lists.
func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
