public import FlowCrypto

/// The rule that a block breaks: one case per rule. `Documentation/Protocol/Chain.md` lists them all.
@nonexhaustive
public enum BlockViolation: Error, Hashable, Sendable {
    // The header alone.
    /// The block was made under other amendments than those of this node.
    case version(expected: UInt32, actual: UInt32, height: BlockHeight, amendmentsInForce: Int)
    case stepCount(least: UInt32, most: UInt32, actual: UInt32)
    case invalidBits(CompactTarget)
    case hashAboveTarget(hash: Hash256, bits: CompactTarget)

    // The header on its branch.
    case parent(expected: Hash256, actual: Hash256)
    case height(expected: UInt64, actual: BlockHeight)
    case bits(expected: CompactTarget, actual: CompactTarget)
    case timeTooSoon(parentTime: UInt64, spacing: UInt64, actual: UInt64)
    case timeTooOld(medianTimePast: UInt64, actual: UInt64)
    case timeTooNew(now: UInt64, actual: UInt64)
    case modelRoot(expected: Hash256, actual: Hash256)

    // The body and its ties to the header.
    case cost(limit: Int, actual: Int)
    case digestCount(expected: UInt32, actual: Int)
    case noTransactions
    case merkleRoot(expected: Hash256, actual: Hash256)
    case digestChain(expected: Hash256, actual: Hash256)

    // The transactions.
    case firstNotCoinbase
    case secondCoinbase(index: Int)
    case coinbaseLockTime(expected: UInt32, actual: UInt32)
    case coinbaseSequence
    case duplicateTransaction(index: Int, txid: Hash256)
    case transaction(index: Int, TransactionViolation)
    case feeTotal
    case coinbaseValue(limit: Amount, actual: Amount)
    case signatureChecks(limit: Int, index: Int)

    // The training.
    case training(step: Int, expected: Hash256, actual: Hash256)
    case trainingStep(step: Int, reason: String)

    /// The rule's stable name, for logs, peers and RPC. For a transaction's rule it is that rule's name.
    public var identifier: String {
        switch self {
        case .version: "bad-version"
        case .stepCount: "bad-step-count"
        case .invalidBits: "bits-invalid"
        case .hashAboveTarget: "hash-above-target"
        case .parent: "bad-parent"
        case .height: "bad-height"
        case .bits: "bad-bits"
        case .timeTooSoon: "time-too-soon"
        case .timeTooOld: "time-too-old"
        case .timeTooNew: "time-too-new"
        case .modelRoot: "bad-model-root"
        case .cost: "block-cost"
        case .digestCount: "bad-digest-count"
        case .noTransactions: "no-transactions"
        case .merkleRoot: "bad-merkle-root"
        case .digestChain: "bad-digest-chain"
        case .firstNotCoinbase: "first-not-coinbase"
        case .secondCoinbase: "second-coinbase"
        case .coinbaseLockTime: "coinbase-lock-time"
        case .coinbaseSequence: "coinbase-sequence"
        case .duplicateTransaction: "duplicate-transaction"
        case let .transaction(_, violation): violation.identifier
        case .feeTotal: "fee-total"
        case .coinbaseValue: "coinbase-value"
        case .signatureChecks: "too-many-signatures"
        case .training: "training-digest"
        case .trainingStep: "training-step"
        }
    }

    /// The rules that only training decides.
    public static let trainingIdentifiers: Set = ["training-digest", "training-step"]

    /// When a block that is only too early becomes due, in seconds since 1970: the first second at which the same check passes.
    /// nil for every other rule.
    public var due: UInt64? {
        guard case let .timeTooNew(_, actual) = self else { return nil }
        return TimeRules.due(time: actual)
    }

    /// True when no block with this header can ever be valid on its branch. False when the body may have been swapped on the
    /// way (another body may fit the same hash), or when the block is only too early: then the hash must not be remembered
    /// as invalid.
    public var condemnsHash: Bool {
        switch self {
        case .cost, .digestCount, .noTransactions, .merkleRoot, .digestChain, .timeTooNew, .parent: false
        default: true
        }
    }
}
