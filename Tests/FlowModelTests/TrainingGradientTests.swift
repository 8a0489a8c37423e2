@testable import FlowModel
@testable import FlowTensor
import FlowTensorOpenBLAS
import Testing

@Suite struct TrainingGradientTests {
    /// Central differences along random directions, one tensor at a time, with quantisers so fine that the loss is nearly smooth.
    ///
    /// Two experts, so that every token goes to both and no step of the differences changes a choice.
    @Test func gradientIsTheSlopeOfTheLoss() throws {
        let c = try ModelFixture.tiny(bits: 16, balancingWeight: 0)
        let weights = ModelState(initialising: c, seed: 11)
        // The router and the head start small; give them weight, so that their slopes matter.
        for tensor in c.tensors where tensor.role == .router || tensor.role == .output {
            for index in tensor.range { weights[index] *= 4 }
        }
        let trainer = Trainer(configuration: c, backend: OpenBLASBackend())
        let batch = ModelFixture.batch(c, seed: 1)
        let gradients = try trainer.gradients(weights: weights, batch: batch).gradients

        func total(_ state: ModelState) throws -> Double {
            try trainer.loss(weights: state, batch: batch)
        }
        for (number, tensor) in c.tensors.enumerated() {
            let g = gradients.elements(of: tensor)
            let norm = g.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(norm > 0, "\(tensor.name)")
            // Half along the gradient, half random, so that both the size and the other directions count.
            var direction = g.enumerated().map { index, value in
                let word = Philox.block(counter: (UInt32(index), UInt32(number), 0, 0), key: (1, 2)).0
                return Double(value) / norm + (Double(word) / 2_147_483_648 - 1) / Double(g.count).squareRoot()
            }
            let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
            direction = direction.map { $0 / length }
            let expected = zip(direction, g).reduce(0) { $0 + $1.0 * Double($1.1) }

            var slopes: [Double] = []
            for step in [0.02, 0.01] {
                let plus = weights.copy(), minus = weights.copy()
                for (index, value) in direction.enumerated() {
                    plus[tensor.offset + index] += Float(step * value)
                    minus[tensor.offset + index] -= Float(step * value)
                }
                slopes.append(try (total(plus) - total(minus)) / (2 * step))
            }
            let error = slopes.map { abs($0 - expected) / abs(expected) }.min() ?? 1
            #expect(error < 0.04, "\(tensor.name): slope \(slopes), gradient \(expected)")
        }
    }

    @Test func untouchedExpertsKeepMomentumAndWeights() throws {
        let c = try ModelConfiguration(
            ModelShape(embeddingLength: 16, layerCount: 2, headCount: 2, expertCount: 24, expertWidth: 16, contextLength: 4, batchSize: 2))
        let trainer = Trainer(configuration: c, backend: ReferenceBackend())
        let weights = ModelState(initialising: c, seed: 12)
        let momentum = ModelState(zeros: c)
        // A momentum that is not zero, so that decay would show.
        momentum.withUnsafeMutableElements { for index in $0.indices { $0[index] = 0x1p-10 } }
        let before = weights.copy()
        let batch = ModelFixture.batch(c, seed: 2)
        let report = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)

        var untouched = 0
        for tensor in c.tensors {
            let oldWeights = before.elements(of: tensor), newWeights = weights.elements(of: tensor)
            let newMomentum = momentum.elements(of: tensor)
            guard let layer = tensor.layer, [.gate, .up, .down].contains(tensor.role) else {
                #expect(newMomentum.allSatisfy { $0 != 0x1p-10 }, "\(tensor.name) is updated everywhere")
                #expect(zip(oldWeights, newWeights).allSatisfy { $0 != $1 || abs($0) == 4 }, "\(tensor.name)")
                continue
            }
            let size = tensor.shape[1] * tensor.shape[2]
            for expert in 0..<c.expertCount {
                let range = expert * size..<(expert + 1) * size
                if report.expertCounts[layer][expert] == 0 {
                    untouched += 1
                    #expect(oldWeights[range] == newWeights[range])
                    #expect(newMomentum[range].allSatisfy { $0 == 0x1p-10 })
                } else {
                    #expect(oldWeights[range] != newWeights[range])
                    #expect(newMomentum[range].allSatisfy { $0 != 0x1p-10 })
                }
            }
        }
        #expect(untouched > 0)
        #expect(report.expertCounts.allSatisfy { $0.reduce(0, +) == 2 * 8 })
        try weights.validate()
    }

    @Test func anEmbeddingRowWithoutATokenDecays() throws {
        let c = try ModelFixture.odd()
        let trainer = Trainer(configuration: c, backend: ReferenceBackend())
        let weights = ModelState(initialising: c, seed: 13)
        let momentum = ModelState(zeros: c)
        let batch = ModelFixture.batch(c, seed: 3, vocabulary: 100)
        let row = 200 * c.embeddingLength
        momentum[row] = 0.5
        momentum[row + 1] = -0.5
        let (first, second, third) = (weights[row], weights[row + 1], weights[row + 2])
        _ = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)
        #expect(momentum[row] == 0.5 + (0 - 0.5) * Float(0.1))
        #expect(weights[row] == first - 0x1p-10)
        #expect(weights[row + 1] == second + 0x1p-10)
        #expect(weights[row + 2] == third, "m = 0 leaves the weight")
        #expect(momentum[row + 2].bitPattern == 0)
    }
}
