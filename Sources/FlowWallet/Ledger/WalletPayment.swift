import FlowConsensus
import FlowCrypto

/// A payment that this wallet made and keeps until it is buried.
struct WalletPayment: Sendable, Equatable {
    let transaction: Transaction
    /// When it was made, in seconds since 1970.
    let time: UInt64
    /// The owner gave it up.
    var isAbandoned = false
    /// The payment that it was made to take the place of; both spend a coin of the same name, so at most one of them counts.
    var replaces: Hash256?
    /// What its maker wrote down about it, and about whom it pays; neither leaves the wallet.
    var comment = "", payee = ""
}
