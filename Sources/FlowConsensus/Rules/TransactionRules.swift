import FlowCrypto
import FlowEncoding

/// The rules for one transaction. A node applies all of them to a loose transaction (`check`) and, through
/// `BlockValidator`, to those of a block.
public enum TransactionRules {
    /// Checks what needs nothing but the transaction: structure, sizes, values, programs.
    public static func checkForm(_ transaction: Transaction) throws(TransactionViolation) {
        guard !transaction.inputs.isEmpty else { throw .noInputs }
        guard !transaction.outputs.isEmpty else { throw .noOutputs }
        let cost = transaction.cost
        guard cost <= ConsensusLimits.blockCost else { throw .cost(limit: ConsensusLimits.blockCost, actual: cost) }
        guard transaction.strippedEncoding.count != ConsensusLimits.forbiddenStrippedSize else { throw .forbiddenSize }
        try checkInputs(transaction)
        try checkOutputs(transaction)
        let witnesses = transaction.isCoinbase ? 0 : transaction.inputs.count
        guard transaction.witnesses.count == witnesses else {
            throw .witnessCount(expected: witnesses, actual: transaction.witnesses.count)
        }
        for (index, witness) in transaction.witnesses.enumerated() {
            let size = witness.encoded.count
            guard witness.items.count <= ConsensusLimits.witnessItems, size <= ConsensusLimits.witnessSize else {
                throw .witnessSize(input: index, items: witness.items.count, size: size)
            }
        }
        let dataLimit = transaction.isCoinbase ? ConsensusLimits.coinbaseData : 0
        guard transaction.coinbaseData.count <= dataLimit else {
            throw .coinbaseDataLength(limit: dataLimit, actual: transaction.coinbaseData.count)
        }
    }

    private static func checkInputs(_ transaction: Transaction) throws(TransactionViolation) {
        guard !transaction.isCoinbase else { return }
        var seen: Set<OutPoint> = []
        for (index, input) in transaction.inputs.enumerated() {
            guard !input.outPoint.isNull else { throw .nullInput(input: index) }
            guard seen.insert(input.outPoint).inserted else { throw .duplicateInput(input.outPoint) }
        }
    }

    private static func checkOutputs(_ transaction: Transaction) throws(TransactionViolation) {
        var total = Amount.zero
        let mayBeZero = transaction.isCoinbase && transaction.outputs.count == 1
        for (index, output) in transaction.outputs.enumerated() {
            guard output.value.isMoney else { throw .outputValue(output: index, actual: output.value) }
            guard output.value > .zero || mayBeZero else { throw .outputZero(output: index) }
            guard let sum = total.adding(output.value) else { throw .outputTotal }
            total = sum
            guard output.program.isAllowed else {
                throw .outputProgram(
                    output: index, version: output.program.version, length: output.program.bytes.count)
            }
        }
    }

    /// Checks the absolute lock time for a block at `height` whose parent has this median time past.
    static func checkLockTime(
        _ transaction: Transaction, height: BlockHeight, medianTimePast: UInt64
    ) throws(TransactionViolation) {
        guard LockTime.isFinal(transaction, height: height, medianTimePast: medianTimePast) else {
            throw .lockTime(lockTime: transaction.lockTime, height: height, medianTimePast: medianTimePast)
        }
    }

    /// Checks maturity and values against the coins that the inputs spend, in the order of the inputs.
    ///
    /// - Returns: the fee.
    static func checkValues(
        _ transaction: Transaction, coins: [Coin], height: BlockHeight
    ) throws(TransactionViolation) -> Amount {
        var inputs = Amount.zero
        for (input, coin) in zip(transaction.inputs, coins) {
            guard coin.isMature(at: height) else {
                throw .immatureCoinbase(
                    input.outPoint, spendableFrom: UInt64(coin.height) + UInt64(ConsensusLimits.coinbaseMaturity),
                    height: height)
            }
            guard let sum = inputs.adding(coin.output.value) else { throw .inputTotal }
            inputs = sum
        }
        guard let outputs = Amount.sum(transaction.outputs.map(\.value)) else { throw .outputTotal }
        guard let fee = inputs.subtracting(outputs) else {
            throw .outputsExceedInputs(inputs: inputs, outputs: outputs)
        }
        return fee
    }

    /// Checks each witness against the program of its coin: what costs the most, so last.
    ///
    /// Version 0 takes a key that hashes to the program and its signature. Other versions have no meaning yet and take anything.
    public static func checkWitnesses(
        _ transaction: Transaction, coins: [Coin], domain: SignatureDomain
    ) throws(TransactionViolation) {
        guard transaction.witnesses.count == coins.count else {
            throw .witnessCount(expected: coins.count, actual: transaction.witnesses.count)
        }
        let message = SignatureHash(
            transaction: transaction, spentOutputs: coins.map(\.output), domain: domain)
        for (index, (witness, coin)) in zip(transaction.witnesses, coins).enumerated() where coin.output.program.version == 0 {
            guard let (publicKey, signature) = witness.keyAndSignature else {
                throw .witnessForm(input: index, lengths: witness.items.map(\.count))
            }
            let program = LockProgram(publicKey: publicKey)
            guard program == coin.output.program else {
                throw .witnessProgram(input: index, expected: coin.output.program.bytes, actual: program.bytes)
            }
            let digest = message.digest(input: UInt32(truncatingIfNeeded: index))
            guard publicKey.isValid(signature: signature, for: digest) else {
                throw .signature(input: index)
            }
        }
    }
}
