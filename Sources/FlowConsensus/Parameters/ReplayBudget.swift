/// How long the replay of a mean block may take; growth may not break it.
public struct ReplayBudget: Hashable, Sendable, Codable {
    /// Seconds on a CPU with 16 cores.
    public var sixteenCoreSeconds: UInt32
    /// Seconds on two cores.
    public var twoCoreSeconds: UInt32

    public init(sixteenCoreSeconds: UInt32 = 60, twoCoreSeconds: UInt32 = 150) {
        self.sixteenCoreSeconds = sixteenCoreSeconds
        self.twoCoreSeconds = twoCoreSeconds
    }
}
