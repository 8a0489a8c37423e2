public import FlowConsensus
public import FlowCrypto

/// A transaction with the signatures that some keys could give, and what it lacks.
public struct SignedTransaction: Sendable {
    public struct Fault: Sendable, Equatable {
        public let input: Int
        public let reason: String
    }

    public private(set) var transaction: Transaction
    /// Inputs whose witness is not there or not right.
    public private(set) var faults: [Fault] = []

    public var isComplete: Bool { faults.isEmpty }

    /// Signs what the keys can sign. Witnesses that hold are kept as they are.
    ///
    /// - Parameters:
    ///   - spent: the outputs that the inputs spend; each signature covers all of them, so nothing can be signed where one is not known.
    ///   - domain: of the block that will hold the transaction.
    ///   - key: the private key of a program.
    public init<E: Error>(
        _ transaction: Transaction, spending spent: [TransactionOutput?], domain: SignatureDomain,
        key: (LockProgram) throws(E) -> Ed25519.PrivateKey?
    ) throws(E) {
        self.transaction = transaction
        var witnesses = Array(transaction.witnesses.prefix(transaction.inputs.count))
        while witnesses.count < transaction.inputs.count { witnesses.append(Witness(items: [])) }
        let known = spent.compactMap(\.self)
        guard known.count == transaction.inputs.count, spent.count == known.count else {
            for (index, output) in zip(transaction.inputs.indices, spent + Array(repeating: nil, count: transaction.inputs.count)) {
                let reason = output == nil ? "Input not found or already spent" : "Unable to sign input: the output of another input is not known"
                faults.append(Fault(input: index, reason: reason))
            }
            self.transaction.witnesses = witnesses
            return
        }
        let hash = SignatureHash(transaction: transaction, spentOutputs: known, domain: domain)
        for (index, output) in known.enumerated() {
            let digest = hash.digest(input: UInt32(truncatingIfNeeded: index))
            guard witnesses.indices.contains(index), !witnesses[index].unlocks(output.program, digest) else { continue }
            if let key = try key(output.program), LockProgram(publicKey: key.publicKey) == output.program {
                witnesses[index] = Witness(publicKey: key.publicKey, signature: key.sign(digest))
            } else {
                let isEmpty = witnesses[index].items.isEmpty
                faults.append(Fault(input: index, reason: isEmpty ? "Unable to sign input: its key is not known" : "Its witness does not unlock the output that it spends"))
            }
        }
        self.transaction.witnesses = witnesses
    }

    /// Signs with given keys.
    public init(_ transaction: Transaction, spending spent: [TransactionOutput?], domain: SignatureDomain, keys: [Ed25519.PrivateKey]) {
        let keys = Dictionary(keys.map { (LockProgram(publicKey: $0.publicKey), $0) }, uniquingKeysWith: { first, _ in first })
        self.init(transaction, spending: spent, domain: domain) { (program) throws(Never) in keys[program] }
    }
}

extension Witness {
    /// Whether it is what an output of version 0 asks for.
    func unlocks(_ program: LockProgram, _ digest: Hash256) -> Bool {
        guard program.isPayable, let (publicKey, signature) = keyAndSignature, LockProgram(publicKey: publicKey) == program else { return false }
        return publicKey.isValid(signature: signature, for: digest)
    }
}
