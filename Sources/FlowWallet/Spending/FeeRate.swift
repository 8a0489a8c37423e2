public import FlowConsensus

/// A price for room in a block, in haruki a byte.
public struct FeeRate: Hashable, Sendable {
    public let harukiPerByte: UInt32

    /// What a wallet pays unless told otherwise.
    public static let standard = FeeRate(harukiPerByte: 10)

    public init(harukiPerByte: UInt32) { self.harukiPerByte = harukiPerByte }

    /// The fee for a number of bytes.
    public func fee(bytes: Int) -> Amount {
        Amount(haruki: Int64(clamping: bytes).multipliedReportingOverflow(by: Int64(harukiPerByte)).partialValue)
    }
}
