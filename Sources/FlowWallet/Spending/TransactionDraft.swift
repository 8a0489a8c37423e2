public import FlowConsensus

/// A transaction that pays for itself and is not signed yet.
public struct TransactionDraft: Sendable {
    public let transaction: Transaction
    /// What its inputs spend, in their order.
    public let spent: [WalletCoin]
    /// Which of its outputs is change.
    public let changePlace: Int?
    public let fee: Amount

    /// Puts outputs, coins and change together.
    ///
    /// - Throws: `feeNotPayable` where an output is too small for its part of the fee
    init(_ order: PaymentOrder, _ selection: CoinSelection, change program: LockProgram?, place: Int) throws(WalletError) {
        var outputs = order.outputs
        let payers = order.feePayers.sorted()
        if !payers.isEmpty {
            let (part, rest) = selection.deducted.haruki.quotientAndRemainder(dividingBy: Int64(payers.count))
            for (index, payer) in payers.enumerated() where outputs.indices.contains(payer) {
                let (value, fee) = (outputs[payer].value, Amount(haruki: part + (index == 0 ? rest : 0)))
                guard let left = value.subtracting(fee), left >= TransactionOutput.leastRelayedValue else { throw .feeNotPayable(amount: value, fee: fee) }
                outputs[payer] = TransactionOutput(value: left, program: outputs[payer].program)
            }
        }
        if let change = selection.change, let program {
            let place = min(max(0, place), outputs.count)
            outputs.insert(TransactionOutput(value: change, program: program), at: place)
            changePlace = place
        } else {
            changePlace = nil
        }
        let given = Dictionary(order.inputs.map { ($0.outPoint, $0.sequence) }, uniquingKeysWith: { first, _ in first })
        let inputs = selection.coins.map { TransactionInput(outPoint: $0.outPoint, sequence: (given[$0.outPoint] ?? nil) ?? order.sequence) }
        transaction = Transaction(version: order.version, inputs: inputs, outputs: outputs, lockTime: order.lockTime)
        spent = selection.coins.map(\.coin)
        fee = selection.fee
    }
}
