/// A connection's number, never used twice in a run.
public struct PeerID: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible,
    ExpressibleByIntegerLiteral
{
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(integerLiteral value: UInt64) { rawValue = value }
    public var description: String { "\(rawValue)" }
    public static func < (left: PeerID, right: PeerID) -> Bool { left.rawValue < right.rawValue }
}
