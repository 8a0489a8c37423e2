internal import FlowTensor

/// Where gradients go once they are complete: into momentum, weights and integers, or, for tests and research, into a state of zeros.
struct GradientSink {
    enum Destination {
        /// - `digest`: takes the momentum's bits as they become final, where a digest is wanted.
        case update(weights: UnsafeMutablePointer<Float>, momentum: UnsafeMutablePointer<Float>, rate: Float, digest: DigestLeaves?)
        case store(UnsafeMutablePointer<Float>)
    }

    let destination: Destination
    let integers: QuantisedWeights
    /// Longest run that one task works on.
    private static let runLength = 16_384

    /// Takes the gradients of a group.
    func consume(_ context: StepContext, _ group: GradientGroup) throws(StepFault) {
        switch destination {
        case .update(let weights, let momentum, let rate, _):
            let (first, count) = (group.range.lowerBound, group.range.count)
            context.pool.run((count + Self.runLength - 1) / Self.runLength) { run in
                let start = run * Self.runLength
                Canonical.signMomentumStep(
                    weights: weights + first + start, momentum: momentum + first + start, gradient: group.base + start,
                    min(Self.runLength, count - start), rate: rate)
            }
            try integers.update(context, weights, startingIn: group.range)
        case .store(let target):
            (target + group.range.lowerBound).update(from: group.base, count: group.range.count)
        }
    }

    /// To be called when all of a layer's experts were consumed.
    ///
    /// - Parameter isUntouched: whether an expert had no token and so no gradient.
    func finish(_ context: StepContext, layer: Int, isUntouched: (Int) -> Bool) {
        if case .update(_, let momentum, _, let digest?) = destination {
            digest.finish(momentum, layer: layer, pool: context.pool, isUntouched: isUntouched)
        }
    }

    /// Takes the gradient of one expert's matrix, whose elements start at `offset` in the state, from a task of the pool.
    ///
    /// `compute` writes the gradient's `count` numbers to the memory that it is given.
    func consume(
        layer: Int, _ matrix: QuantisedWeights.ExpertMatrix, expert e: Int, offset: Int, count: Int,
        scratch: ScratchPool<Float>, compute: (UnsafeMutablePointer<Float>) -> Void
    ) throws(QuantiserFault) {
        switch destination {
        case .update(let weights, let momentum, let rate, let digest):
            let largest = scratch.withScratch(count) { gradient in
                compute(gradient)
                var largest: UInt32 = 0, place = offset
                while place < offset + count {
                    let run = digest?.run(layer: layer, place..<offset + count) ?? (count: count, planes: nil)
                    largest = max(
                        largest,
                        Canonical.signMomentumStep(
                            weights: weights + place, momentum: momentum + place, gradient: gradient + (place - offset), run.count, rate: rate,
                            planes: run.planes, planeStride: DigestLeaves.planeLength))
                    place += run.count
                }
                return largest
            }
            try integers.update(weights, layer: layer, matrix, e, largest: largest)
        case .store(let target):
            compute(target + offset)
        }
    }
}
