import FlowConsensus
import FlowEncoding

/// A transaction of the pool as it stands in the store.
struct WaitingTransaction: Sendable {
    /// When it came, in seconds since 1970.
    let time: UInt64
    let transaction: Transaction

    init(_ entry: MempoolEntry) {
        time = entry.time
        transaction = entry.transaction
    }
}

extension WaitingTransaction: BinaryCodable {
    func encode(to writer: inout ByteWriter) {
        writer.write(time)
        transaction.encode(to: &writer)
    }

    init(from reader: inout ByteReader) throws(DecodingFault) {
        time = try reader.readUInt64()
        transaction = try Transaction(from: &reader)
    }
}
