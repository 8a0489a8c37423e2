/// Why the mempool does not take a transaction.
public struct MempoolRejection: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// A consensus rule is broken; whoever sent it could know.
        case invalid
        /// Inputs are unknown or spent: perhaps the parent has not come yet.
        case missingInputs
        /// A rule that further blocks or time will satisfy: a coinbase that has not matured, a lock that has not opened.
        case early
        /// It is already there.
        case known
        /// It is in the chain.
        case confirmed
        /// Against this node's policy; other nodes may take it.
        case policy
    }

    public let kind: Kind
    /// bitcoind's word for it, for example `txn-mempool-conflict`.
    public let reason: String
    public let detail: String

    public init(_ kind: Kind, _ reason: String, _ detail: String = "") {
        self.kind = kind
        self.reason = reason
        self.detail = detail
    }

    public var description: String { detail.isEmpty ? reason : "\(reason): \(detail)" }
}
