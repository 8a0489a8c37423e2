public import FlowConsensus
import FlowCrypto

/// What a partially signed transaction lacks, and whose turn it is.
public struct PartiallySignedAnalysis: Sendable, Equatable {
    /// In the order of the work.
    public enum Role: String, Comparable, Sendable {
        case updater, signer, finalizer, extractor

        private var place: Int {
            switch self {
            case .updater: 0
            case .signer: 1
            case .finalizer: 2
            case .extractor: 3
            }
        }

        public static func < (left: Role, right: Role) -> Bool { left.place < right.place }
    }

    public struct Input: Sendable, Equatable {
        public let hasSpentOutput: Bool
        public let isFinal: Bool
        public let next: Role
        /// What its signature has to unlock; nil where that is not known, or done.
        public let missing: LockProgram?
    }

    public let inputs: [Input]
    /// Whose turn it is: the first in the order of the work that has something to do.
    public let next: Role
    /// Known once all spent outputs are.
    public let fee: Amount?
    /// What the transaction will cost of a block's room when it is signed; known as the fee.
    public let cost: Int?
    /// Why nobody can make a valid transaction of it.
    public let fault: String?

    public init(_ partial: PartiallySignedTransaction) {
        inputs = partial.inputs.map { input in
            let next: Role = input.witness != nil ? .extractor : input.spentOutput == nil ? .updater : input.signature != nil ? .finalizer : .signer
            return Input(
                hasSpentOutput: input.spentOutput != nil, isFinal: input.witness != nil, next: next, missing: next == .signer ? input.spentOutput?.program : nil)
        }
        let paid = Amount.sum(partial.transaction.outputs.map(\.value))
        let spent = partial.spentOutputs.map { Amount.sum($0.map(\.value)) }
        let difference = spent.flatMap { $0 }.flatMap { spent in paid.flatMap { spent.subtracting($0) } }
        fee = difference
        fault = paid == nil ? "Output amount invalid" : spent == .some(nil) ? "Input amounts invalid" : spent != nil && difference == nil ? "PSBT's outputs are worth more than its inputs" : nil
        if difference != nil {
            var signed = partial.transaction
            signed.witnesses = partial.inputs.map { $0.witness ?? Witness(items: [[UInt8](repeating: 0, count: Ed25519.PublicKey.byteCount), [UInt8](repeating: 0, count: Ed25519.Signature.byteCount)]) }
            cost = signed.cost
        } else {
            cost = nil
        }
        next = fault != nil ? .updater : inputs.map(\.next).min() ?? .updater
    }
}
