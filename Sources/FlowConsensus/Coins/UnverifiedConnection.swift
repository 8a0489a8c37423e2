/// A block whose coins, values and locks are right and whose signatures nobody has checked yet.
///
/// Only `BlockValidator.verifySignatures(_:)` makes a `BlockConnection` of it, so that a node can do something cheaper or more
/// telling first, such as the first step of the block's training, and cannot forget the signatures.
public struct UnverifiedConnection: Sendable {
    let block: Block
    let connection: BlockConnection
    /// How many signatures are to be checked.
    public let signatureChecks: Int
    /// The sum of the fees of all transactions.
    public var fees: Amount { connection.fees }
}
