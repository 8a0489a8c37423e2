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

    /// The second half of `connect`: the signatures of all transactions.
    public func verifySignatures(_ unverified: UnverifiedConnection) throws(BlockViolation) -> BlockConnection {
        let domain = signatureDomain(at: unverified.block.header.height)
        let spenders = unverified.block.transactions.enumerated().dropFirst()
        for ((index, transaction), coins) in zip(spenders, unverified.connection.undo.spentCoins) {
            do {
                try TransactionRules.checkWitnesses(transaction, coins: coins, domain: domain)
            } catch {
                throw .transaction(index: index, error)
            }
        }
        return unverified.connection
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
