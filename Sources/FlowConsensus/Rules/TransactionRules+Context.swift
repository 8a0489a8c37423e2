extension TransactionRules {
    /// Checks the relative lock times (BIP-68) for the block on top of `context`.
    ///
    /// - Parameters:
    ///   - coins: what the inputs spend, in their order.
    ///   - height: of the block that would hold the transaction.
    ///   - medianTimePast: of that block's parent.
    /// - Throws: a `TransactionViolation`, or a fault of the context.
    static func checkRelativeLocks(
        _ transaction: Transaction, coins: [Coin], height: BlockHeight, medianTimePast: UInt64,
        context: some ChainContext
    ) throws {
        for (index, (input, coin)) in zip(transaction.inputs, coins).enumerated() {
            switch RelativeLock(sequence: input.sequence, version: transaction.version) {
            case .none:
                continue
            case let .blocks(count):
                let first = UInt64(coin.height) + UInt64(count)
                guard UInt64(height) >= first else {
                    throw TransactionViolation.relativeLockHeight(input: index, spendableFrom: first, height: height)
                }
            case let .seconds(seconds):
                let before = coin.height == 0 ? 0 : coin.height - 1
                let start = try context.medianTimePast(at: min(before, context.parent.height))
                let sum = start.addingReportingOverflow(UInt64(seconds))
                let first = sum.overflow ? UInt64.max : sum.partialValue
                guard medianTimePast >= first else {
                    throw TransactionViolation.relativeLockTime(
                        input: index, spendableFrom: first, medianTimePast: medianTimePast)
                }
            }
        }
    }

    /// Checks everything about a loose transaction as if it stood in the next block.
    ///
    /// - Returns: the fee and the coins that the inputs spend.
    /// - Throws: a `TransactionViolation`; anything else is a fault of the store and says nothing about the transaction.
    public static func check(
        _ transaction: Transaction, coins: some CoinView, context: some ChainContext, domain: SignatureDomain
    ) throws -> (fee: Amount, spent: [Coin]) {
        let result = try checkCoins(transaction, coins: coins, context: context)
        try checkWitnesses(transaction, coins: result.spent, domain: domain)
        return result
    }

    /// The same but for the witnesses, which cost the most: `checkWitnesses` has to follow.
    ///
    /// - Parameters:
    ///   - coins: the unspent outputs that it may spend; outputs of other loose transactions count with the next height.
    ///   - context: the chain, whose parent is the tip.
    public static func checkCoins(
        _ transaction: Transaction, coins: some CoinView, context: some ChainContext
    ) throws -> (fee: Amount, spent: [Coin]) {
        try checkForm(transaction)
        guard !transaction.isCoinbase else { throw TransactionViolation.looseCoinbase }
        let spent = try transaction.inputs.map { input in
            guard let coin = try coins.coin(for: input.outPoint) else {
                throw TransactionViolation.missingCoin(input.outPoint)
            }
            return coin
        }
        let fee = try checkSpending(
            transaction, coins: spent, height: context.nextHeight ?? .max, medianTimePast: try context.medianTimePast(),
            context: context)
        return (fee, spent)
    }

    /// Values and locks of a transaction that is no coinbase, once its form is checked and its coins are found.
    static func checkSpending(
        _ transaction: Transaction, coins: [Coin], height: BlockHeight, medianTimePast: UInt64, context: some ChainContext
    ) throws -> Amount {
        try checkLockTime(transaction, height: height, medianTimePast: medianTimePast)
        let fee = try checkValues(transaction, coins: coins, height: height)
        try checkRelativeLocks(
            transaction, coins: coins, height: height, medianTimePast: medianTimePast, context: context)
        return fee
    }
}
