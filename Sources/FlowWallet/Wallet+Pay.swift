public import FlowConsensus
public import FlowCrypto
import Foundation

extension Wallet {
    /// The most that a wallet pays in fees for one transaction: 0.1 FLOW.
    static let feeLimit = Amount(haruki: 10_000_000)

    /// Pays an amount to one address; see ``pay(_:through:)``.
    public func send(
        _ amount: Amount, to destination: Address, rate: FeeRate? = nil, through chain: any WalletChain
    ) async throws -> Transaction {
        guard destination.prefix == network.addressPrefix, destination.isPayable else {
            throw WalletError.notPayable("\(destination) is not an address that this network pays to")
        }
        var order = PaymentOrder(paying: amount, to: destination)
        order.rate = rate
        return try await pay(order, through: chain)
    }

    /// Pays, signs, and hands the transaction to the chain. The wallet remembers it, on the disk, before anybody sees it, and sends it again
    /// (``rebroadcast(through:)``) until a block holds it or it is given up (``abandon(_:)``).
    ///
    /// - Returns: the transaction, as the chain took it.
    /// - Throws: `locked`, `insufficientFunds`, `amountBelowDust`, `notPayable`, `feeAboveLimit` and what else stands in the order's way, what the chain throws.
    public func pay(_ order: PaymentOrder, through chain: any WalletChain) async throws -> Transaction {
        try await synchronise(with: chain)
        _ = try openAccount()
        let draft = try draft(order)
        return try await handIn(try sign(draft), order: order, replaces: nil, through: chain)
    }

    /// Writes a payment down and hands it in.
    func handIn(_ transaction: Transaction, order: PaymentOrder, replaces: Hash256?, through chain: any WalletChain) async throws -> Transaction {
        let payment = WalletPayment(
            transaction: transaction, time: UInt64(max(0, Date().timeIntervalSince1970)), replaces: replaces, comment: order.comment, payee: order.payee)
        ledger.add(payment, holder: holder(of:))
        ledger.settle()
        do {
            try save()
            try await chain.submit(transaction)
        } catch {
            ledger.remove(payment: transaction.txid)
            try save()
            throw error
        }
        for input in transaction.inputs { lockedCoins[input.outPoint] = nil }
        return transaction
    }

    /// Gives up a payment that no block holds and that no longer waits in the node's pool, so that its coins can be spent again.
    ///
    /// - Throws: `notAbandonable` for any other transaction, `file`.
    public func abandon(_ txid: Hash256) throws(WalletError) {
        guard ledger.abandon(txid) else { throw .notAbandonable(txid) }
        try save()
    }

    /// Adds coins and change to an order, and signs nothing. Change goes to a key that is not handed out again.
    ///
    /// - Throws: what stands in the order's way.
    public func fund(_ order: PaymentOrder, through chain: any WalletChain) async throws -> TransactionDraft {
        try await synchronise(with: chain)
        let draft = try draft(order)
        if order.locksCoins { for coin in draft.spent { lockedCoins[coin.outPoint] = lockedCoins[coin.outPoint] ?? false } }
        try save()
        return draft
    }

    /// Chooses coins for an order and puts a transaction together.
    func draft(_ order: PaymentOrder) throws(WalletError) -> TransactionDraft {
        let rate = order.rate ?? rate ?? .standard
        try check(order, rate)
        guard let demand = CoinDemand(outputs: order.outputs, rate: rate, subtractsFee: !order.feePayers.isEmpty) else {
            throw .invalidOrder("its \(order.outputs.count) outputs are worth more than there is, or are too large for one transaction")
        }
        var given: [CoinCandidate] = []
        for input in order.inputs {
            guard let coin = ledger.coin(input.outPoint) ?? replacedCoin(input.outPoint), coin.height == nil || coin.isSafe(atTip: tipHeight),
                order.spendsWatched || !coin.holder.isWatched
            else { throw .notSpendable(input.outPoint) }
            given.append(ledger.candidate(coin))
        }
        let (locked, avoidsReuse) = (lockedCoins, avoidsReuse)
        let others = !order.addsInputs ? [] : ledger.candidates(atTip: tipHeight, watched: order.spendsWatched) { coin in
            locked[coin.outPoint] == nil && coin.confirmations(atTip: tipHeight) >= order.leastConfirmations
                && !(avoidsReuse && ledger.isReused(coin.holder.program))
        }
        var generator = SystemRandomNumberGenerator()
        let selection = try CoinSelection.choose(from: others, given: given, for: demand, using: &generator)
        guard selection.fee <= Self.feeLimit else { throw .feeAboveLimit(fee: selection.fee, limit: Self.feeLimit) }
        var program = order.changeProgram
        if program == nil, selection.change != nil {
            guard hasSecret else { throw .noChangeAddress }
            program = try takeKey(.change).program
        }
        // The change's place must not tell which output it is.
        return try TransactionDraft(order, selection, change: program, place: order.changePlace ?? Int.random(in: 0...order.outputs.count))
    }

    /// A coin that an own unconfirmed payment spends: what takes that one's place may spend it.
    private func replacedCoin(_ outPoint: OutPoint) -> WalletCoin? {
        guard let txid = ledger.claims[outPoint], bumping == txid else { return nil }
        return ledger.spentCoin(outPoint)
    }

    private func check(_ order: PaymentOrder, _ rate: FeeRate) throws(WalletError) {
        guard !order.outputs.isEmpty else { throw .invalidOrder("TX must have at least one output") }
        guard rate >= .relay else {
            throw .invalidOrder("a fee rate of \(rate.harukiPerThousand) haruki for 1,000 units is below the \(FeeRate.relay.harukiPerThousand) that nodes relay")
        }
        guard order.feePayers.allSatisfy(order.outputs.indices.contains) else { throw .invalidOrder("a fee is to be paid by an output that is not there") }
        let dust = CoinDemand.dust(at: rate)
        for output in order.outputs + (order.changeProgram.map { [TransactionOutput(value: dust, program: $0)] } ?? []) {
            guard output.program.isPayable else {
                throw .notPayable("an output of version \(output.program.version) has no meaning yet: anybody could spend it")
            }
            guard output.value.isMoney, output.value >= dust else { throw .amountBelowDust(amount: output.value, dust: dust) }
        }
    }

    /// Signs what the wallet chose.
    func sign(_ draft: TransactionDraft) throws(WalletError) -> Transaction {
        let signed = try SignedTransaction(
            draft.transaction, spending: draft.spent.map(\.output), domain: network.signatureDomain(afterTip: tipHeight), key: privateKey(of:))
        guard let fault = signed.faults.first else { return signed.transaction }
        guard draft.transaction.inputs.indices.contains(fault.input) else { throw .noPrivateKeys }
        throw .notSpendable(draft.transaction.inputs[fault.input].outPoint)
    }

    /// The private key of a program; nil where it is none of the wallet's own.
    func privateKey(of program: LockProgram) throws(WalletError) -> Ed25519.PrivateKey? {
        guard let key = ring.key(for: program) else { return nil }
        return try Secret.privateKey(of: key, account: openAccount())
    }
}
