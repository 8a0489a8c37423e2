public import FlowCrypto
import FlowEncoding

extension CorpusSplit {
    private static let windowTag = Array("flowcoin/window".utf8)

    /// First byte of a window of a trajectory (Training.md): `⌊x·N / 2^64⌋`, x = the first 8 bytes, little-endian, of
    /// `keccak256("flowcoin/window" ‖ workSeed ‖ u32 step ‖ u32 window)`.
    ///
    /// - Parameters:
    ///   - step: from 1.
    ///   - window: from 0.
    public func start(workSeed: Hash256, step: UInt32, window: UInt32) -> UInt64 {
        var message = ByteWriter()
        message.write(bytes: Self.windowTag)
        workSeed.encode(to: &message)
        message.write(step)
        message.write(window)
        let x = Keccak256.hash(message.bytes).bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return trainingStart(x)
    }

    /// `⌊x·N / 2^64⌋`: the start of the training window that the 64-bit number `x` draws.
    func trainingStart(_ x: UInt64) -> UInt64 { x.multipliedFullWidth(by: legalStarts).high }

    /// Start of held-out window `index` of `count`: `M + ⌊index · (C − M − L − 1) / count⌋`.
    ///
    /// - Precondition: `0 ≤ index < count`.
    public func heldOutStart(_ index: Int, of count: Int) -> UInt64 {
        precondition(index >= 0 && index < count, "held-out window \(index) of \(count)")
        let window = UInt64(contextLength) + 1
        // A corpus that is shorter than a window has no slack.
        let slack = heldOutLength > window ? heldOutLength - window : 0
        let product = slack.multipliedFullWidth(by: UInt64(index))
        return trainingLength + UInt64(count).dividingFullWidth(product).quotient
    }
}
