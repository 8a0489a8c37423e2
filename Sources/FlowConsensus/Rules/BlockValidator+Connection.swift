import FlowCrypto

extension BlockValidator {
    /// Checks the transactions of a block against the coins as they stand before it, and says what the block changes.
    /// The block has passed `checkForm` and `checkContext`.
    ///
    /// - Throws: a `BlockViolation`, or a fault of the coins or the context.
    public func connect(_ block: Block, coins: some CoinView, context: some ChainContext) throws -> BlockConnection {
        try verifySignatures(connectCoins(block, coins: coins, context: context))
    }

    /// The first half of `connect`: everything but the signatures.
    public func connectCoins(_ block: Block, coins: some CoinView, context: some ChainContext) throws -> UnverifiedConnection {
        let height = block.header.height
        let medianTimePast = try context.medianTimePast()
        guard let coinbase = block.transactions.first else { throw BlockViolation.noTransactions }
        guard coinbase.isCoinbase else { throw BlockViolation.firstNotCoinbase }
        guard LockTime.isFinal(coinbase, height: height, medianTimePast: medianTimePast) else {
            throw BlockViolation.transaction(
                index: 0,
                .lockTime(lockTime: coinbase.lockTime, height: height, medianTimePast: medianTimePast))
        }
        var ledger = BlockLedger(coins: coins)
        ledger.add(coinbase, height: height)
        var fees = Amount.zero
        var signatureChecks = 0
        var undo: [[Coin]] = []
        for (index, transaction) in block.transactions.enumerated().dropFirst() {
            do {
                guard !transaction.isCoinbase else { throw BlockViolation.secondCoinbase(index: index) }
                let spent = try transaction.inputs.map { try ledger.spend($0.outPoint) }
                signatureChecks += spent.reduce(0) { $0 + $1.output.program.signatureChecks }
                guard signatureChecks <= ConsensusLimits.signatureChecks else {
                    throw BlockViolation.signatureChecks(limit: ConsensusLimits.signatureChecks, index: index)
                }
                let fee = try TransactionRules.checkSpending(
                    transaction, coins: spent, height: height, medianTimePast: medianTimePast, context: context)
                guard let sum = fees.adding(fee) else { throw BlockViolation.feeTotal }
                fees = sum
                undo.append(spent)
            } catch let violation as TransactionViolation {
                throw BlockViolation.transaction(index: index, violation)
            }
            ledger.add(transaction, height: height)
        }
        try checkCoinbaseValue(coinbase, fees: fees, height: height)
        return UnverifiedConnection(
            block: block, connection: BlockConnection(changes: ledger.changes, undo: BlockUndo(spentCoins: undo), fees: fees),
            signatureChecks: signatureChecks)
    }

    /// Runs `body(0)` … `body(tasks − 1)`, each once, in any order and on any threads, and returns when all are done.
    public typealias Runner = (_ tasks: Int, _ body: (Int) -> Void) -> Void

    /// The second half of `connect`: the signatures of all transactions.
    ///
    /// - Parameter run: may check parts of the block side by side; the verdict is the same in whatever order, that of the first transaction that breaks a rule.
    public func verifySignatures(
        _ unverified: UnverifiedConnection, run: Runner = { tasks, body in for task in 0..<tasks { body(task) } }
    ) throws(BlockViolation) -> BlockConnection {
        let spending = unverified.block.transactions.count - 1
        // Small parts, so that threads that are slower keep nobody waiting.
        let parts = max(1, min(spending, unverified.signatureChecks / 16, 256))
        var found = [BlockViolation?](repeating: nil, count: parts)
        found.withUnsafeMutableBufferPointer { found in
            run(parts) { part in
                found[part] = firstFalseSignature(in: spending * part / parts..<spending * (part + 1) / parts, of: unverified)
            }
        }
        if let violation = found.lazy.compactMap(\.self).first { throw violation }
        return unverified.connection
    }

    /// - Parameter range: of the transactions behind the coinbase, counted from 0
    private func firstFalseSignature(in range: Range<Int>, of unverified: UnverifiedConnection) -> BlockViolation? {
        let domain = signatureDomain(at: unverified.block.header.height)
        for number in range {
            do {
                try TransactionRules.checkWitnesses(
                    unverified.block.transactions[number + 1], coins: unverified.connection.undo.spentCoins[number], domain: domain)
            } catch {
                return .transaction(index: number + 1, error)
            }
        }
        return nil
    }

    private func checkCoinbaseValue(
        _ coinbase: Transaction, fees: Amount, height: BlockHeight
    ) throws(BlockViolation) {
        guard let limit = parameters.subsidy(at: height).adding(fees) else { throw .feeTotal }
        guard let value = Amount.sum(coinbase.outputs.map(\.value)) else {
            throw .transaction(index: 0, .outputTotal)
        }
        guard value <= limit else { throw .coinbaseValue(limit: limit, actual: value) }
    }
}
