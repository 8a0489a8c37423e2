public import FlowConsensus

/// What to pay, and how.
public struct PaymentOrder: Sendable {
    /// The outputs in their order; change finds its place among them.
    public var outputs: [TransactionOutput]
    /// Places of outputs that pay the fee in equal parts, the first of them the rest; nobody but the wallet where there are none.
    public var feePayers: Set<Int> = []
    /// What room in a block is worth; the wallet's own rate for nil.
    public var rate: FeeRate?
    /// Another payment may take its place while it is unconfirmed (BIP-125).
    public var isReplaceable = false
    public var version: UInt32 = 2
    public var lockTime: UInt32 = 0
    /// Coins that are spent in any case, with their sequences; nil for the one that the order gives.
    public var inputs: [(outPoint: OutPoint, sequence: UInt32?)] = []
    /// Whether the wallet adds coins of its choice.
    public var addsInputs = true
    /// Where change goes; to a key of its own for nil.
    public var changeProgram: LockProgram?
    /// At which place change stands; a random one for nil.
    public var changePlace: Int?
    /// Coins that are only watched may be chosen too: then somebody else has to sign.
    public var spendsWatched = false
    /// Coins of which fewer blocks tell are not chosen.
    var leastConfirmations: Int64 = 0
    /// Coins chosen are locked, so that no other payment takes them.
    public var locksCoins = false
    /// What the maker writes down about it, and about whom it pays; neither leaves the wallet.
    public var comment = "", payee = ""

    public init(outputs: [TransactionOutput]) { self.outputs = outputs }

    /// One output.
    public init(paying amount: Amount, to destination: Address) {
        self.init(outputs: [TransactionOutput(value: amount, program: destination.program)])
    }

    /// The sequence of an input for which none is given.
    var sequence: UInt32 {
        if isReplaceable { return TransactionInput.finalSequence - 2 }
        return lockTime == 0 ? TransactionInput.finalSequence : TransactionInput.finalSequence - 1
    }
}
