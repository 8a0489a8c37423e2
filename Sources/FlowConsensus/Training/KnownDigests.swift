public import FlowCrypto

/// The true digests of trajectories that were replayed, by work seed: a claim of a known seed is judged by comparing, and only
/// a claim that agrees with all that is known needs a step to be trained. Bounded; the seed that was looked at longest ago goes
/// first.
public struct KnownDigests: Sendable {
    /// What is known of one trajectory.
    public struct Trajectory: Sendable, Equatable {
        /// The digests of its first steps.
        public var digests: [Hash256] = []
        /// Why the step after these has no result; nil when it has one, or it was not tried.
        public var end: String?

        public init(digests: [Hash256] = [], end: String? = nil) {
            self.digests = digests
            self.end = end
        }
    }

    /// What comparing says of a claim.
    public enum Judgement: Sendable, Equatable {
        /// Nothing that is known contradicts it; the first `known` steps are right.
        case agrees(known: Int)
        /// The digest of `step` (from 1) is false.
        case wrongDigest(step: Int, expected: Hash256, actual: Hash256)
        /// `step` has no result.
        case endsTrajectory(step: Int, reason: String)
    }

    /// Seeds that are remembered.
    public static let capacity = 512

    private var trajectories: [Hash256: Trajectory] = [:]
    private var order: [Hash256] = []

    public init() {}

    public subscript(seed: Hash256) -> Trajectory? { trajectories[seed] }

    /// Compares a claim with what is known of its seed.
    public func judge(_ stepDigests: [Hash256], seed: Hash256) -> Judgement {
        guard let known = trajectories[seed] else { return .agrees(known: 0) }
        for (index, (expected, actual)) in zip(known.digests, stepDigests).enumerated() where expected != actual {
            return .wrongDigest(step: index + 1, expected: expected, actual: actual)
        }
        if let end = known.end, stepDigests.count > known.digests.count {
            return .endsTrajectory(step: known.digests.count + 1, reason: end)
        }
        return .agrees(known: min(known.digests.count, stepDigests.count))
    }

    /// Remembers what a replay found; what is longer stays.
    public mutating func learn(_ trajectory: Trajectory, seed: Hash256) {
        if let known = trajectories[seed], known.digests.count > trajectory.digests.count { return touch(seed) }
        trajectories[seed] = trajectory
        touch(seed)
        if order.count > Self.capacity { trajectories[order.removeFirst()] = nil }
    }

    private mutating func touch(_ seed: Hash256) {
        if let index = order.lastIndex(of: seed) { order.remove(at: index) }
        order.append(seed)
    }
}
