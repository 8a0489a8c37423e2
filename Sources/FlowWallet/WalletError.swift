public import FlowConsensus
public import FlowCrypto

/// Why the wallet could not do what was asked; each message says the way out.
@nonexhaustive
public enum WalletError: Error, Equatable, Sendable {
    /// The wallet file cannot be read or written.
    case file(path: String, reason: String)
    /// The file is not a wallet, or a damaged one.
    case damagedFile(path: String, reason: String)
    /// The file belongs to another network.
    case foreignNetwork(path: String, expected: String, actual: String)
    case alreadyExists(path: String)
    case wrongPassphrase
    case locked
    case notEncrypted
    /// All keys derived in advance are in use, and the wallet is locked.
    case keyPoolEmpty
    case invalidMnemonic(String)
    case notAnAmount(String)
    case notPayable(String)
    case insufficientFunds(needed: Amount, available: Amount)
    case amountBelowDust(amount: Amount, dust: Amount)
    case feeAboveLimit(fee: Amount, limit: Amount)
    /// It is confirmed, waits in the node's pool, or is no payment of this wallet.
    case notAbandonable(Hash256)
    /// The chain refused the transaction.
    case refused(String)
}

extension WalletError: CustomStringConvertible {
    public var description: String {
        switch self {
        case let .file(path, reason):
            "The wallet file \(path) could not be used: \(reason). Check the path, its permissions and the free space of its disk."
        case let .damagedFile(path, reason):
            "\(path) is not a readable wallet: \(reason). Restore it from a backup, or make a new wallet from its mnemonic."
        case let .foreignNetwork(path, expected, actual):
            "\(path) belongs to the network with genesis \(actual), expected \(expected). Load it on its own network."
        case let .alreadyExists(path):
            "\(path) exists already. Choose another name, or load it."
        case .wrongPassphrase:
            "The wallet passphrase entered was incorrect."
        case .locked:
            "The wallet is locked. Unlock it with walletpassphrase first."
        case .notEncrypted:
            "The wallet has no passphrase, so there is nothing to lock or unlock."
        case .keyPoolEmpty:
            "All keys that were derived in advance are in use. Unlock the wallet with walletpassphrase, so that it can derive more."
        case let .invalidMnemonic(reason):
            "These words are no mnemonic: \(reason). Check each word and their order."
        case let .notAnAmount(text):
            "'\(text)' is not an amount in FLOW: expected digits with at most eight after the point, above 0 and at most 21000000."
        case let .notPayable(reason):
            "Cannot pay there: \(reason)."
        case let .insufficientFunds(needed, available):
            "Insufficient funds: \(needed) FLOW with fee are needed, \(available) FLOW can be spent now. Newly mined coins need 100 blocks on top."
        case let .amountBelowDust(amount, dust):
            "\(amount) FLOW is less than it costs to spend it later (\(dust) FLOW). Send more."
        case let .feeAboveLimit(fee, limit):
            "The fee would be \(fee) FLOW, above the limit of \(limit) FLOW. Send in several transactions, or lower the fee rate."
        case let .notAbandonable(txid):
            "Transaction not eligible for abandonment: \(txid) is confirmed, waits in the node's pool, or is no payment that this wallet made."
        case let .refused(reason):
            "The node refused the transaction: \(reason)."
        }
    }
}
