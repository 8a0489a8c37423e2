@testable import FlowModel
import FlowTensor
import Testing

/// A trainer keeps the weights' integers from step to step. Whoever changes weights in between must never meet old ones.
@Suite struct TrainerReuseTests {
    /// Every way in which a caller can change weights between two steps.
    static let changes: [(name: String, change: @Sendable (ModelState, ModelState) throws -> Void)] = [
        ("nothing", { _, _ in }),
        ("one element", { weights, _ in weights[weights.count - 40] = 2.5 }),
        ("elements in place", { weights, _ in
            weights.withUnsafeMutableElements { elements in for i in elements.indices { elements[i] = elements[i] * 0.5 } }
        }),
        ("another state's elements", { weights, other in weights.assign(from: other) }),
        ("zeros", { weights, _ in weights.clear() }),
        ("a delta", { weights, other in try weights.apply(ModelState(initialising: weights.configuration, seed: 5).delta(to: other)) }),
        ("a delta taken off", { weights, other in try weights.undo(ModelState(initialising: weights.configuration, seed: 5).delta(to: other)) }),
    ]

    @Test func changedWeightsAreQuantisedAnew() throws {
        let c = try ModelFixture.odd()
        let other = ModelState(initialising: c, seed: 6)
        for (name, change) in Self.changes {
            var outcomes: [[UInt32]] = []
            for fresh in [false, true] {
                var trainer = Trainer(configuration: c, backend: try SIMDBackend(.portable))
                let weights = ModelState(initialising: c, seed: 5), momentum = ModelState(zeros: c)
                for seed in 0..<3 {
                    if fresh { trainer = Trainer(configuration: c, backend: try SIMDBackend(.portable)) }
                    let batch = ModelFixture.batch(c, seed: UInt32(seed))
                    _ = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 512)
                    if seed == 1 { try change(weights, other) }
                }
                outcomes.append(TrajectoryTests.bits(weights) + TrajectoryTests.bits(momentum))
            }
            #expect(outcomes[0] == outcomes[1], "after \(name)")
        }
    }

    /// Rows of gradients vanish as a batch is learnt, and the steps' bits do not depend on whether they are left out, or by which kernels.
    @Test func rowsVanishAsTextIsLearnt() throws {
        let c = try ModelFixture.odd()
        let batch = ModelFixture.batch(c, seed: 1)
        var bits: [[UInt32]] = []
        for (backend, isLeftOut) in [(ReferenceBackend(), false), (ReferenceBackend(), true), (SIMDBackend(writtenOut: ()), true), (try SIMDBackend(.portable), true)]
            as [(any MatrixBackend, Bool)] {
            let trainer = Trainer(configuration: c, backend: backend)
            trainer.context.leastRowWork = isLeftOut ? 0 : .max
            let weights = ModelState(initialising: c, seed: 5), momentum = ModelState(zeros: c)
            let first = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 2_048)
            var last = first
            for _ in 0..<200 { last = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 4_096) }
            let course = "loss \(first.loss) and \(last.loss), zero rows \(first.zeroRowShare) and \(last.zeroRowShare)"
            #expect(first.loss > 5 && last.loss < 1, "\(course)")
            #expect((0..<0.5).contains(first.zeroRowShare) && last.zeroRowShare > first.zeroRowShare && last.zeroRowShare < 1, "\(course)")
            bits.append(TrajectoryTests.bits(weights))
        }
        for other in bits.dropFirst() { #expect(other == bits[0]) }
    }

    /// A step that fails in the middle leaves a trainer that goes on rightly with other weights, and with the same ones put right.
    @Test func aFaultLeavesNothingBehind() throws {
        let c = try ModelFixture.odd()
        let batch = ModelFixture.batch(c, seed: 1)
        let trainer = Trainer(configuration: c, backend: try SIMDBackend(.portable))
        let weights = ModelState(initialising: c, seed: 5)
        let momentum = ModelState(zeros: c)
        _ = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 512)
        // The norm before the first attention is no matrix, so the fault arises on the way.
        let gain = try #require(c.tensors.first { $0.role == .attentionNorm }).offset
        let before = weights[gain]
        weights[gain] = .infinity
        #expect(throws: StepFault.self) {
            try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 512)
        }
        weights[gain] = before
        let (copy, copiedMomentum) = (weights.copy(), momentum.copy())
        _ = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 512)
        _ = try Trainer(configuration: c, backend: try SIMDBackend(.portable)).step(
            weights: copy, momentum: copiedMomentum, batch: batch, learningRateUnits: 512)
        #expect(weights.hasSameBits(as: copy) && momentum.hasSameBits(as: copiedMomentum))
    }
}
