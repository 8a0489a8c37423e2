public import FlowConsensus
public import FlowCrypto

extension PartiallySignedTransaction {
    /// The updater's part: what the inputs spend and whose keys they are, as far as somebody knows. What is known already stays.
    public mutating func update(spent: (OutPoint) -> TransactionOutput?, origin: (LockProgram) -> KeyOrigin? = { _ in nil }) {
        for (index, input) in zip(inputs.indices, transaction.inputs) where inputs[index].witness == nil {
            if inputs[index].spentOutput == nil { inputs[index].spentOutput = spent(input.outPoint) }
            if inputs[index].origin == nil, let program = inputs[index].spentOutput?.program { inputs[index].origin = origin(program) }
        }
        for (index, output) in zip(outputs.indices, transaction.outputs) where outputs[index].origin == nil {
            outputs[index].origin = origin(output.program)
        }
    }

    /// What the inputs spend; nil where that is not known of one. Each signature covers all of it.
    public var spentOutputs: [TransactionOutput]? {
        let known = inputs.compactMap(\.spentOutput)
        return known.count == inputs.count ? known : nil
    }

    /// The signer's part: signs the inputs whose keys are given. Nothing can be signed before all spent outputs are known.
    ///
    /// - Returns: how many signatures were added
    @discardableResult
    public mutating func sign(
        domain: SignatureDomain, key: (LockProgram) throws(WalletError) -> Ed25519.PrivateKey?
    ) throws(WalletError) -> Int {
        guard let spent = spentOutputs else { return 0 }
        let hash = SignatureHash(transaction: transaction, spentOutputs: spent, domain: domain)
        var count = 0
        for (index, output) in zip(inputs.indices, spent) where inputs[index].witness == nil && inputs[index].signature == nil {
            guard let key = try key(output.program), LockProgram(publicKey: key.publicKey) == output.program else { continue }
            let signature = key.sign(hash.digest(input: UInt32(truncatingIfNeeded: index)))
            inputs[index].signature = KeySignature(publicKey: key.publicKey, signature: signature)
            count += 1
        }
        return count
    }

    /// The combiner's part: what is known in any of several copies.
    ///
    /// - Throws: `notCombinable` for none, for different transactions, and where two say different things of what an input spends
    public static func combine(_ parts: [PartiallySignedTransaction]) throws(WalletError) -> PartiallySignedTransaction {
        guard var whole = parts.first else { throw .notCombinable("there is nothing to combine") }
        for part in parts.dropFirst() {
            guard part.transaction == whole.transaction else { throw .notCombinable("PSBTs do not refer to the same transactions") }
            for (index, input) in zip(whole.inputs.indices, part.inputs) {
                if let one = whole.inputs[index].spentOutput, let other = input.spentOutput, one != other {
                    throw .notCombinable("input \(index) spends \(one.value) FLOW for one and \(other.value) FLOW for another")
                }
                whole.inputs[index].spentOutput = whole.inputs[index].spentOutput ?? input.spentOutput
                whole.inputs[index].origin = whole.inputs[index].origin ?? input.origin
                whole.inputs[index].signature = whole.inputs[index].signature ?? input.signature
                whole.inputs[index].witness = whole.inputs[index].witness ?? input.witness
                whole.inputs[index].unknown = union(whole.inputs[index].unknown, input.unknown)
            }
            for (index, output) in zip(whole.outputs.indices, part.outputs) {
                whole.outputs[index].origin = whole.outputs[index].origin ?? output.origin
                whole.outputs[index].unknown = union(whole.outputs[index].unknown, output.unknown)
            }
        }
        return whole
    }

    private static func union(_ one: [Record], _ other: [Record]) -> [Record] {
        let types = Set(one.map(\.type))
        return (one + other.filter { !types.contains($0.type) }).sorted { $0.type < $1.type }
    }

    /// The finalizer's part: makes witnesses of signatures that hold.
    ///
    /// - Parameter domain: of the block that will hold the transaction
    /// - Returns: whether all inputs have their witness now
    @discardableResult
    public mutating func finalize(domain: SignatureDomain) -> Bool {
        guard let spent = spentOutputs else { return false }
        let hash = SignatureHash(transaction: transaction, spentOutputs: spent, domain: domain)
        for (index, output) in zip(inputs.indices, spent) {
            guard inputs[index].witness == nil, let made = inputs[index].signature else { continue }
            let witness = Witness(publicKey: made.publicKey, signature: made.signature)
            guard witness.unlocks(output.program, hash.digest(input: UInt32(truncatingIfNeeded: index))) else { continue }
            inputs[index].witness = witness
            inputs[index].signature = nil
            inputs[index].origin = nil
        }
        return extracted != nil
    }

    /// The extractor's part: the whole transaction; nil while an input lacks its witness.
    public var extracted: Transaction? {
        let witnesses = inputs.compactMap(\.witness)
        guard !inputs.isEmpty, witnesses.count == inputs.count else { return nil }
        var whole = transaction
        whole.witnesses = witnesses
        return whole
    }

    /// One transaction with the inputs and outputs of several, in an order that does not tell whose is whose; signatures do not hold for it and are left out.
    ///
    /// - Throws: `notCombinable` for fewer than two, and where two spend the same output
    public static func join(
        _ parts: [PartiallySignedTransaction], using generator: inout some RandomNumberGenerator
    ) throws(WalletError) -> PartiallySignedTransaction {
        guard parts.count >= 2, let first = parts.first else { throw .notCombinable("At least two PSBTs are required to join PSBTs.") }
        var inputs = parts.flatMap { zip($0.transaction.inputs, $0.inputs) }
        var outputs = parts.flatMap { zip($0.transaction.outputs, $0.outputs) }
        inputs.shuffle(using: &generator)
        outputs.shuffle(using: &generator)
        let (version, lockTime) = parts.reduce((first.transaction.version, first.transaction.lockTime)) {
            (max($0.0, $1.transaction.version), max($0.1, $1.transaction.lockTime))
        }
        var whole = try PartiallySignedTransaction(
            Transaction(version: version, inputs: inputs.map(\.0), outputs: outputs.map(\.0), lockTime: lockTime))
        whole.inputs = inputs.map { _, known in
            var known = known
            (known.signature, known.witness) = (nil, nil)
            return known
        }
        whole.outputs = outputs.map(\.1)
        return whole
    }
}
