internal import FlowTensor

/// Where a group's gradients go once they are complete: into momentum and weights, or, for tests and research, into a state.
struct GradientSink {
    enum Destination {
        case update(weights: UnsafeMutablePointer<Float>, momentum: UnsafeMutablePointer<Float>, rate: Float)
        case store(UnsafeMutablePointer<Float>)
    }

    let destination: Destination
    /// Longest run that one task works on.
    private static let runLength = 16_384

    /// Takes the parts of the group, each a run of the state; parts of untouched experts are not among them.
    func consume(_ context: StepContext, _ group: GradientGroup, parts: [Range<Int>]) {
        switch destination {
        case .update(let weights, let momentum, let rate):
            var tasks = 0
            for part in parts { tasks += (part.count + Self.runLength - 1) / Self.runLength }
            context.rows(tasks) { _, range in
                forEachRun(parts, range) { first, count in
                    Canonical.signMomentumStep(
                        weights: weights + first, momentum: momentum + first, gradient: group.tensor(first), count, rate: rate)
                }
            }
        case .store(let target):
            (target + group.range.lowerBound).update(repeating: 0, count: group.range.count)
            for part in parts {
                (target + part.lowerBound).update(from: group.tensor(part.lowerBound), count: part.count)
            }
        }
    }

    private func forEachRun(_ parts: [Range<Int>], _ wanted: Range<Int>, _ body: (Int, Int) -> Void) {
        var task = 0
        for part in parts {
            let runs = (part.count + Self.runLength - 1) / Self.runLength
            for run in max(wanted.lowerBound - task, 0)..<max(min(wanted.upperBound - task, runs), max(wanted.lowerBound - task, 0)) {
                let first = part.lowerBound + run * Self.runLength
                body(first, min(Self.runLength, part.upperBound - first))
            }
            task += runs
        }
    }
}
