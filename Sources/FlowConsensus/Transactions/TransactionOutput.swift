public import FlowEncoding

/// An output: an amount and what locks it.
public struct TransactionOutput: Hashable, Sendable {
    public let value: Amount
    public let program: LockProgram

    /// What nodes relay unless told otherwise: an output of less is hardly worth spending. Policy, no rule of the chain.
    public static let leastRelayedValue = Amount(haruki: 300)

    public init(value: Amount, program: LockProgram) {
        self.value = value
        self.program = program
    }
}

extension TransactionOutput: BinaryCodable {
    /// Eight bytes of value, one of version and one of length.
    static let minimumLength = 10

    public func encode(to writer: inout ByteWriter) {
        value.encode(to: &writer)
        program.encode(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        value = try Amount(from: &reader)
        program = try LockProgram(from: &reader)
    }
}
