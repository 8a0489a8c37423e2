/// The rule that a transaction breaks: one case per rule. `Documentation/Protocol/Chain.md` lists them all.
@nonexhaustive
public enum TransactionViolation: Error, Hashable, Sendable {
    // Form: the transaction alone.
    case noInputs
    case noOutputs
    case cost(limit: Int, actual: Int)
    /// 64 bytes without witnesses.
    case forbiddenSize
    case nullInput(input: Int)
    case duplicateInput(OutPoint)
    case outputValue(output: Int, actual: Amount)
    case outputZero(output: Int)
    case outputTotal
    case outputProgram(output: Int, version: UInt8, length: Int)
    case witnessCount(expected: Int, actual: Int)
    case witnessSize(input: Int, items: Int, size: Int)
    case coinbaseDataLength(limit: Int, actual: Int)

    // Context: the chain and the coins.
    case looseCoinbase
    case lockTime(lockTime: UInt32, height: BlockHeight, medianTimePast: UInt64)
    case missingCoin(OutPoint)
    case immatureCoinbase(OutPoint, spendableFrom: UInt64, height: BlockHeight)
    case inputTotal
    case outputsExceedInputs(inputs: Amount, outputs: Amount)
    case relativeLockHeight(input: Int, spendableFrom: UInt64, height: BlockHeight)
    case relativeLockTime(input: Int, spendableFrom: UInt64, medianTimePast: UInt64)
    case witnessForm(input: Int, lengths: [Int])
    case witnessProgram(input: Int, expected: [UInt8], actual: [UInt8])
    case signature(input: Int)

    /// The rule's stable name, for logs, peers and RPC.
    public var identifier: String {
        switch self {
        case .noInputs: "tx-no-inputs"
        case .noOutputs: "tx-no-outputs"
        case .cost: "tx-cost"
        case .forbiddenSize: "tx-64-bytes"
        case .nullInput: "tx-null-input"
        case .duplicateInput: "tx-duplicate-input"
        case .outputValue: "tx-output-value"
        case .outputZero: "tx-output-zero"
        case .outputTotal: "tx-output-total"
        case .outputProgram: "tx-output-program"
        case .witnessCount: "tx-witness-count"
        case .witnessSize: "tx-witness-size"
        case .coinbaseDataLength: "tx-coinbase-data-length"
        case .looseCoinbase: "tx-loose-coinbase"
        case .lockTime: "tx-lock-time"
        case .missingCoin: "tx-missing-coin"
        case .immatureCoinbase: "tx-immature-coinbase"
        case .inputTotal: "tx-input-total"
        case .outputsExceedInputs: "tx-outputs-exceed-inputs"
        case .relativeLockHeight: "tx-relative-lock-height"
        case .relativeLockTime: "tx-relative-lock-time"
        case .witnessForm: "tx-witness-form"
        case .witnessProgram: "tx-witness-program"
        case .signature: "tx-signature"
        }
    }

    /// True when the transaction may become valid later on the same chain.
    public var isTemporary: Bool {
        switch self {
        case .lockTime, .missingCoin, .immatureCoinbase, .relativeLockHeight, .relativeLockTime: true
        default: false
        }
    }
}
