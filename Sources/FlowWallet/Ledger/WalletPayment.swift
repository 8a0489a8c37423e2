import FlowConsensus

/// A payment that this wallet made and keeps until it is buried.
struct WalletPayment: Sendable, Equatable {
    let transaction: Transaction
    /// When it was made, in seconds since 1970.
    let time: UInt64
    /// The owner gave it up.
    var isAbandoned = false
}
