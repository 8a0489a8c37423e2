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
    case emptyPassphrase
    case locked
    case notEncrypted
    case alreadyEncrypted
    /// The wallet was made to watch only.
    case noPrivateKeys
    /// The wallet was made blank, and has no secret.
    case noSecret
    /// All keys derived in advance are in use, and the wallet is locked.
    case keyPoolEmpty
    case invalidMnemonic(String)
    case notAnAmount(String)
    case notPayable(String)
    case insufficientFunds(needed: Amount, available: Amount)
    case amountBelowDust(amount: Amount, dust: Amount)
    case feeAboveLimit(fee: Amount, limit: Amount)
    /// An output is too small for its part of the fee.
    case feeNotPayable(amount: Amount, fee: Amount)
    /// There is change, and the wallet has no key for it.
    case noChangeAddress
    /// The order itself makes no sense.
    case invalidOrder(String)
    /// More coins are needed than one transaction can hold.
    case tooManyCoins(limit: Int)
    /// Only chains of unconfirmed transactions that nodes do not relay would suffice.
    case chainTooLong
    /// It is no coin of this wallet, is spent, or cannot be spent yet.
    case notSpendable(OutPoint)
    /// It is confirmed, waits in the node's pool, or is no payment of this wallet.
    case notAbandonable(Hash256)
    case notOfWallet(Hash256)
    /// A payment whose fee cannot be raised.
    case notReplaceable(Hash256, reason: String)
    /// The payment was replaced already.
    case alreadyReplaced(Hash256, by: Hash256)
    /// The fee of a replacement is too low.
    case feeBelowReplaced(fee: Amount, least: Amount)
    case notOwnAddress(String)
    /// A block that the node does not know.
    case unknownBlock(Hash256)
    case scanRunning
    case scanAborted
    /// The parts do not belong to one transaction, or say different things of it.
    case notCombinable(String)
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
        case .emptyPassphrase:
            "passphrase can not be empty. Choose one of several words."
        case .locked:
            "The wallet is locked. Unlock it with walletpassphrase first."
        case .notEncrypted:
            "The wallet has no passphrase, so there is nothing to lock or unlock. Give it one with encryptwallet."
        case .alreadyEncrypted:
            "The wallet has a passphrase already. Change it with walletpassphrasechange."
        case .noPrivateKeys:
            "Private keys are disabled for this wallet: it watches only. Use a wallet that holds the keys."
        case .noSecret:
            "This wallet has no available keys: it was made blank. Make a wallet with keys, or restore one from its words."
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
        case let .feeNotPayable(amount, fee):
            "The transaction amount is too small to pay the fee: \(amount) FLOW would have to pay \(fee) FLOW. Send more, or pay the fee yourself."
        case .noChangeAddress:
            "Transaction needs a change address, but we can't generate it: this wallet has no keys. Name one (changeAddress)."
        case let .invalidOrder(reason):
            "This cannot be paid: \(reason)."
        case let .tooManyCoins(limit):
            "Transaction too large: it would spend more than \(limit) coins. Send less at a time, or join small coins first."
        case .chainTooLong:
            "Transaction has too long of a mempool chain: what could be spent stands on too many unconfirmed transactions. Wait for a block."
        case let .notSpendable(outPoint):
            "\(outPoint) cannot be spent: it is no coin of this wallet, is spent or locked, or has not matured. listunspent shows what can be."
        case let .notAbandonable(txid):
            "Transaction not eligible for abandonment: \(txid) is confirmed, waits in the node's pool, or is no payment that this wallet made."
        case .notOfWallet:
            "Invalid or non-wallet transaction id"
        case let .notReplaceable(txid, reason):
            "\(reason): the fee of \(txid) cannot be raised. Wait for a block, or spend its change with a higher fee."
        case let .alreadyReplaced(txid, by):
            "Cannot bump transaction \(txid) which was already bumped by transaction \(by)"
        case let .feeBelowReplaced(fee, least):
            "Insufficient total fee \(fee), must be at least \(least): the old one's and what it costs to relay the new. Raise the fee rate."
        case let .notOwnAddress(address):
            "Private key not available: \(address) is not an address of this wallet."
        case let .unknownBlock(hash):
            "Block not found: \(hash.displayHex). Name a block of this network."
        case .scanRunning:
            "Wallet is currently rescanning. Abort existing rescan or wait."
        case .scanAborted:
            "Rescan aborted. What was not searched is searched by the next rescan."
        case let .notCombinable(reason):
            "These do not belong together: \(reason). Combine what was made of one and the same transaction."
        case let .refused(reason):
            "The node refused the transaction: \(reason)."
        }
    }
}
