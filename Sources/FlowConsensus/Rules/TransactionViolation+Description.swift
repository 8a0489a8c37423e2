import FlowEncoding

extension TransactionViolation: CustomStringConvertible {
    /// The rule's name, what was expected and what was found.
    public var description: String { "\(identifier): \(explanation)" }

    private var explanation: String {
        switch self {
        case .noInputs: "the transaction has no input, expected at least one"
        case .noOutputs: "the transaction has no output, expected at least one"
        case let .cost(limit, actual):
            "the transaction's bytes and \(ConsensusLimits.outputCost) for each output are \(actual), expected at most \(limit)"
        case .forbiddenSize: "the transaction has 64 bytes without witnesses; add or remove an output"
        case let .nullInput(input): "input \(input) spends no output, which only a coinbase may"
        case let .duplicateInput(outPoint): "two inputs spend \(outPoint), expected each output at most once"
        case let .outputValue(output, actual):
            "output \(output) is worth \(actual) FLOW, expected 0 to \(Amount.maxMoney)"
        case let .outputZero(output): "output \(output) is worth nothing, which only a coinbase's single output may be"
        case .outputTotal: "the outputs are worth more than \(Amount.maxMoney) FLOW together"
        case let .outputProgram(output, version, length):
            "output \(output) pays to version \(version) with \(length) bytes, expected version 0 with 20 or 1 to 16 with 2 to 40"
        case let .witnessCount(expected, actual): "the transaction has \(actual) witnesses, expected \(expected)"
        case let .witnessSize(input, items, size):
            "the witness of input \(input) has \(items) items and \(size) bytes, expected at most \(ConsensusLimits.witnessItems) and \(ConsensusLimits.witnessSize)"
        case let .coinbaseDataLength(limit, actual): "there are \(actual) bytes of coinbase data, expected at most \(limit)"
        case .looseCoinbase: "a coinbase stands only at the beginning of a block"
        case let .lockTime(lockTime, height, medianTimePast):
            "the lock time is \(lockTime), the block's height \(height) and median time past \(medianTimePast); wait"
        case let .missingCoin(outPoint): "the output \(outPoint) does not exist or is spent"
        case let .immatureCoinbase(outPoint, spendableFrom, height):
            "the coinbase output \(outPoint) can be spent from height \(spendableFrom), the block has \(height); wait"
        case .inputTotal: "the inputs are worth more than \(Amount.maxMoney) FLOW together"
        case let .outputsExceedInputs(inputs, outputs):
            "the outputs are worth \(outputs) FLOW, the inputs only \(inputs)"
        case let .relativeLockHeight(input, spendableFrom, height):
            "input \(input) can be spent from height \(spendableFrom), the block has \(height); wait"
        case let .relativeLockTime(input, spendableFrom, medianTimePast):
            "input \(input) can be spent from time \(spendableFrom), the median time past is \(medianTimePast); wait"
        case let .witnessForm(input, lengths):
            "the witness of input \(input) has items of \(lengths) bytes, expected a public key of 32 and a signature of 64"
        case let .witnessProgram(input, expected, actual):
            "input \(input) belongs to the key hash \(Hex.encode(expected)), the witness's key has \(Hex.encode(actual))"
        case let .signature(input): "the signature of input \(input) does not fit its key and this transaction"
        }
    }
}
