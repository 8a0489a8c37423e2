public import FlowConsensus
public import FlowCrypto

/// A transaction on its way from hand to hand: one makes it, one says what its inputs spend, others sign, one puts the signatures together (BIP-174's roles,
/// in this chain's own form: Documentation/Protocol/PartiallySigned.md).
public struct PartiallySignedTransaction: Hashable, Sendable {
    /// A field that this version does not know; it is handed on.
    struct Record: Hashable, Sendable {
        let type: UInt8
        let value: [UInt8]
    }

    /// A public key, and where its wallet derives it.
    public struct KeyOrigin: Hashable, Sendable {
        public let publicKey: Ed25519.PublicKey
        /// Hardened indices below the master key, written without the mark.
        public let path: [UInt32]

        init(publicKey: Ed25519.PublicKey, path: [UInt32]) {
            self.publicKey = publicKey
            self.path = path
        }

        init(_ key: WalletKey) {
            self.init(publicKey: key.publicKey, path: [44, 9_555, 0, key.branch.rawValue, key.index])
        }
    }

    public struct KeySignature: Hashable, Sendable {
        public let publicKey: Ed25519.PublicKey
        public let signature: Ed25519.Signature
    }

    /// What is known of an input.
    public struct Input: Hashable, Sendable {
        /// The output that it spends.
        public internal(set) var spentOutput: TransactionOutput?
        public internal(set) var origin: KeyOrigin?
        public internal(set) var signature: KeySignature?
        /// What unlocks the output, once it is final.
        public internal(set) var witness: Witness?
        var unknown: [Record] = []

        init() {}
    }

    /// What is known of an output.
    public struct Output: Hashable, Sendable {
        public internal(set) var origin: KeyOrigin?
        var unknown: [Record] = []

        init() {}
    }

    /// Without witnesses.
    public let transaction: Transaction
    /// One for each input, in their order.
    public internal(set) var inputs: [Input]
    public internal(set) var outputs: [Output]

    /// The creator's part: nothing is known but the transaction. Its witnesses are left out.
    ///
    /// - Throws: `notCombinable` for a coinbase, or where an input stands twice
    public init(_ transaction: Transaction) throws(WalletError) {
        guard !transaction.isCoinbase else { throw .notCombinable("a coinbase has nothing to sign") }
        guard Set(transaction.inputs.map(\.outPoint)).count == transaction.inputs.count else { throw .notCombinable("two inputs spend the same output") }
        var unsigned = transaction
        unsigned.witnesses = []
        self.transaction = unsigned
        inputs = transaction.inputs.map { _ in Input() }
        outputs = transaction.outputs.map { _ in Output() }
    }
}
