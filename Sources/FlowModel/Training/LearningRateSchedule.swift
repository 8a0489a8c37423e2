/// The learning rate of Model.md in units of 2^−20: a linear warm-up over the steps kept on the chain, then `peakUnits`.
public struct LearningRateSchedule: Sendable, Equatable {
    /// Smallest rate in units: 2^−13, below which 8-bit weights would stand still.
    public static let minimumUnits: UInt32 = 128

    /// Rate after the warm-up, in units of 2^−20.
    public let peakUnits: UInt32
    /// Kept steps over which the rate rises from `peakUnits / warmupSteps` to `peakUnits`; 0 and 1 mean no warm-up.
    public let warmupSteps: UInt32

    public init(peakUnits: UInt32, warmupSteps: UInt32) {
        self.peakUnits = peakUnits
        self.warmupSteps = warmupSteps
    }

    /// The rate of the step that has `keptSteps` steps before it on the chain:
    /// `max(128, ⌊peak · min(n + 1, warmup) / warmup⌋)`.
    public func units(keptSteps: UInt64) -> UInt32 {
        let warmup = UInt64(max(warmupSteps, 1))
        let reached = keptSteps >= warmup ? warmup : keptSteps + 1
        return max(Self.minimumUnits, UInt32(truncatingIfNeeded: UInt64(peakUnits) * min(reached, warmup) / warmup))
    }
}
