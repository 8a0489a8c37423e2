import FlowConsensus
import FlowCrypto
import FlowEncoding
import ProgramSupport

/// The next block as a node's `getblocktemplate` describes it.
struct RemoteTemplate: Sendable {
    let block: Block
    let modelRoot: Hash256
    let learningRateUnits: [UInt32]
    let stepsPerBlock: Int
    let firstPayingStep: Int
    let corpusRoot: Hash256
    let rulesRoot: Hash256

    /// - Throws: `ProgramError` when a field is missing: the node speaks another version.
    init(_ answer: JSONResult, paying program: LockProgram) throws {
        func missing(_ name: String) -> ProgramError {
            ProgramError("The node's block template has no usable '\(name)': use a flowminer of the same version as the node.")
        }
        func hash(_ name: String) throws -> Hash256 {
            guard let text = answer[name].string, let hash = try? Hash256(displayHex: text) else { throw missing(name) }
            return hash
        }
        func number(_ name: String) throws -> UInt64 {
            guard let number = answer[name].unsigned else { throw missing(name) }
            return number
        }
        guard let bitsText = answer["bits"].string, let bits = UInt32(bitsText, radix: 16) else { throw missing("bits") }
        guard let listed = answer["transactions"].array, let rates = answer["learningrateunits"].array else {
            throw missing("transactions")
        }
        let transactions = try listed.map { entry in
            guard let data = entry["data"].string, let bytes = try? Hex.decode(data),
                let transaction = try? Transaction(decoding: bytes)
            else { throw missing("transactions") }
            return transaction
        }
        let height = BlockHeight(truncatingIfNeeded: try number("height"))
        let coinbase = Transaction.coinbase(
            height: height,
            outputs: [TransactionOutput(value: Amount(haruki: Int64(clamping: try number("coinbasevalue"))), program: program)])
        let all = [coinbase] + transactions
        modelRoot = try hash("modelroot")
        corpusRoot = try hash("corpusroot")
        rulesRoot = try hash("rulesroot")
        learningRateUnits = rates.map { UInt32(truncatingIfNeeded: $0.unsigned ?? 0) }
        stepsPerBlock = Int(clamping: try number("stepsperblock"))
        firstPayingStep = Int(clamping: try number("firstpayingstep"))
        guard learningRateUnits.count == stepsPerBlock, firstPayingStep >= 1, firstPayingStep <= stepsPerBlock else {
            throw missing("learningrateunits")
        }
        let header = BlockHeader(
            version: UInt32(truncatingIfNeeded: try number("version")), previousHash: try hash("previousblockhash"),
            merkleRoot: BlockMerkle.root(all), modelRoot: modelRoot, height: height, time: try number("curtime"),
            bits: CompactTarget(bits: bits), nonce: 0, steps: 0, deltaHash: .zero)
        block = Block(header: header, stepDigests: [], transactions: all)
    }
}
