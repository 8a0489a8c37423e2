import FlowConsensus
import FlowCrypto
public import FlowEncoding

extension PartiallySignedTransaction: BinaryCodable {
    /// What each encoding begins with.
    static let magic: [UInt8] = Array("fpst".utf8) + [0xff]
    static let version: UInt8 = 1
    /// Fields of an input or output at most, and bytes of one.
    static let recordLimit = 32, valueLimit = 70_000
    /// Bytes of the whole at most.
    static let sizeLimit = 2 * ConsensusLimits.blockSize

    private enum Field {
        static let spentOutput: UInt8 = 0, origin: UInt8 = 1, signature: UInt8 = 2, witness: UInt8 = 3
    }

    public func encode(to writer: inout ByteWriter) {
        writer.write(bytes: Self.magic)
        writer.write(Self.version)
        transaction.encode(to: &writer)
        for input in inputs {
            var records = input.unknown
            if let output = input.spentOutput { records.append(Record(type: Field.spentOutput, value: output.encoded)) }
            if let origin = input.origin { records.append(Record(type: Field.origin, value: origin.encoded)) }
            if let signature = input.signature {
                records.append(Record(type: Field.signature, value: signature.publicKey.bytes + signature.signature.bytes))
            }
            if let witness = input.witness { records.append(Record(type: Field.witness, value: witness.encoded)) }
            Self.write(records, to: &writer)
        }
        for output in outputs {
            var records = output.unknown
            if let origin = output.origin { records.append(Record(type: Field.origin, value: origin.encoded)) }
            Self.write(records, to: &writer)
        }
    }

    private static func write(_ records: [Record], to writer: inout ByteWriter) {
        writer.writeCompactSize(UInt64(records.count))
        for record in records.sorted(by: { $0.type < $1.type }) {
            writer.write(record.type)
            writer.writeVarBytes(record.value)
        }
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        guard reader.remaining <= Self.sizeLimit else {
            throw .countAboveLimit(count: UInt64(reader.remaining), limit: UInt64(Self.sizeLimit), offset: reader.offset)
        }
        let start = reader.offset
        guard try reader.readBytes(Self.magic.count) == Self.magic else {
            throw .invalidValue("expected \"fpst\" and ff, with which a partially signed transaction begins", offset: start)
        }
        let version = try reader.readUInt8()
        guard version == Self.version else {
            throw .invalidValue("expected version \(Self.version), got \(version): use a newer release of this software", offset: reader.offset - 1)
        }
        let place = reader.offset
        let transaction = try Transaction(from: &reader)
        guard transaction.witnesses.isEmpty, transaction.coinbaseData.isEmpty else {
            throw .invalidValue("expected a transaction without witnesses: they belong to the inputs' fields", offset: place)
        }
        do { try self.init(transaction) } catch { throw .invalidValue(error.description, offset: place) }
        for index in inputs.indices {
            for record in try Self.records(from: &reader) {
                switch record.type {
                case Field.spentOutput: inputs[index].spentOutput = try TransactionOutput(decoding: record.value)
                case Field.origin: inputs[index].origin = try KeyOrigin(decoding: record.value)
                case Field.signature: inputs[index].signature = try KeySignature(decoding: record.value)
                case Field.witness: inputs[index].witness = try Witness(decoding: record.value)
                default: inputs[index].unknown.append(record)
                }
            }
        }
        for index in outputs.indices {
            for record in try Self.records(from: &reader) {
                switch record.type {
                case Field.origin: outputs[index].origin = try KeyOrigin(decoding: record.value)
                default: outputs[index].unknown.append(record)
                }
            }
        }
    }

    private static func records(from reader: inout ByteReader) throws(DecodingFault) -> [Record] {
        let count = try reader.readCount(limit: UInt64(recordLimit), minimumElementSize: 2)
        var records: [Record] = []
        for _ in 0..<count {
            let place = reader.offset
            let record = Record(type: try reader.readUInt8(), value: try reader.readVarBytes(limit: valueLimit))
            if let last = records.last, last.type >= record.type {
                throw .invalidValue("expected fields in ascending order, got \(record.type) after \(last.type)", offset: place)
            }
            records.append(record)
        }
        return records
    }

    /// Reads base64.
    public init(base64 text: String) throws(DecodingFault) {
        guard text.utf8.count <= Self.sizeLimit / 3 * 4 + 4 else {
            throw .countAboveLimit(count: UInt64(text.utf8.count), limit: UInt64(Self.sizeLimit / 3 * 4 + 4), offset: 0)
        }
        try self.init(decoding: Base64.decode(text))
    }

    /// As it is handed on, in base64.
    public var base64: String { Base64.encode(encoded) }
}

extension PartiallySignedTransaction.KeyOrigin: BinaryCodable {
    /// The longest path.
    static let pathLimit = 255

    public func encode(to writer: inout ByteWriter) {
        publicKey.encode(to: &writer)
        for index in path { writer.write(index) }
    }

    /// The path takes what is left.
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        let publicKey = try Ed25519.PublicKey(from: &reader)
        let count = reader.remaining / 4
        guard count <= Self.pathLimit else { throw .countAboveLimit(count: UInt64(count), limit: UInt64(Self.pathLimit), offset: reader.offset) }
        var path: [UInt32] = []
        for _ in 0..<count { path.append(try reader.readUInt32()) }
        self.init(publicKey: publicKey, path: path)
    }
}

extension PartiallySignedTransaction.KeySignature: BinaryDecodable {
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        publicKey = try Ed25519.PublicKey(from: &reader)
        signature = try Ed25519.Signature(from: &reader)
    }
}
