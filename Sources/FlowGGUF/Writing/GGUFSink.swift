/// Where a writer's bytes go.
public protocol GGUFSink {
    /// Appends `bytes`.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(GGUFError)
    /// Makes what was written durable and visible. Called once, after the last byte.
    mutating func finish() throws(GGUFError)
}

/// Collects a file in memory.
public struct GGUFMemorySink: GGUFSink, Sendable {
    public private(set) var bytes: [UInt8] = []
    public init() {}
    public mutating func write(_ bytes: UnsafeRawBufferPointer) { self.bytes.append(contentsOf: bytes) }
    public mutating func finish() {}
}
