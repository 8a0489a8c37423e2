import FlowConsensus
import FlowEncoding

/// What a choice of coins has to pay for, and within which limits.
struct CoinDemand: Sendable {
    /// The sum of the outputs, change left out.
    let amount: Int64
    /// What the transaction costs without its inputs and without change.
    let fixedCost: Int
    let rate: FeeRate
    /// What spending a coin is expected to cost on a quiet day: above it, small coins wait.
    var quietRate = FeeRate.standard
    /// The outputs pay the fee.
    var subtractsFee = false
    /// Coins at most.
    let mostCoins: Int

    /// Cost of an input with its witness, of an output that a wallet makes, and of what every transaction has (generous counts).
    static let inputCost = TransactionInput.encodedLength + Witness.keyWitnessLength
    static let outputCost = 30 + ConsensusLimits.outputCost
    static let baseCost = 4 + 3 + 3 + 4 + 3
    /// Nodes relay transactions of at most so many bytes.
    static let sizeLimit = 100_000

    /// The demand of outputs.
    /// - Returns: nil where their sum is no money, or they alone are larger than what nodes relay
    init?(outputs: [TransactionOutput], rate: FeeRate, subtractsFee: Bool) {
        guard let amount = Amount.sum(outputs.map(\.value)) else { return nil }
        let size = outputs.reduce(Self.baseCost + Self.outputCost) { $0 + $1.encoded.count }
        guard size + Self.inputCost <= Self.sizeLimit else { return nil }
        self.amount = amount.haruki
        fixedCost = size - Self.outputCost + outputs.count * ConsensusLimits.outputCost
        self.rate = rate
        self.subtractsFee = subtractsFee
        mostCoins = (Self.sizeLimit - size) / Self.inputCost
    }

    init(amount: Int64, fixedCost: Int, rate: FeeRate, subtractsFee: Bool = false, mostCoins: Int) {
        self.amount = amount
        self.fixedCost = fixedCost
        self.rate = rate
        self.subtractsFee = subtractsFee
        self.mostCoins = mostCoins
    }

    /// The least amount worth an output: what it costs to spend it, and no less than nodes relay.
    static func dust(at rate: FeeRate) -> Amount { max(rate.fee(cost: inputCost), TransactionOutput.leastRelayedValue) }

    var dust: Int64 { Self.dust(at: rate).haruki }
    var inputFee: Int64 { rate.fee(cost: Self.inputCost).haruki }
    var quietInputFee: Int64 { quietRate.fee(cost: Self.inputCost).haruki }
    var changeFee: Int64 { rate.fee(cost: Self.outputCost).haruki }
    /// What the coins' values have to reach.
    var needed: Int64 { subtractsFee ? amount : amount &+ rate.fee(cost: fixedCost).haruki }
    /// What a coin brings.
    func effectiveValue(_ coin: CoinCandidate) -> Int64 { subtractsFee ? coin.value : coin.value &- inputFee }
    /// What making change costs now and later.
    var changeCost: Int64 { changeFee &+ quietInputFee }
    /// From so much above what is needed on there is change.
    var changeFloor: Int64 { (subtractsFee ? 0 : changeFee) &+ dust }
}
