/// What a node offers to others, as bits of the `services` field. Unknown bits are kept.
public struct ServiceFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Serves all blocks.
    public static let blocks = ServiceFlags(rawValue: 1 << 0)
    /// Serves snapshots of the model (`getmodel`).
    public static let model = ServiceFlags(rawValue: 1 << 1)
    /// Serves pieces of the corpus (`getcorpus`).
    public static let corpus = ServiceFlags(rawValue: 1 << 2)
}
