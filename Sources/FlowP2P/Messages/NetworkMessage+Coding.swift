public import FlowEncoding

extension NetworkMessage {
    /// The message's payload. A message within the limits of `ProtocolLimits` decodes to itself.
    public var payload: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .verack, .getaddr, .sendheaders, .mempool: break
        case .version(let value): value.encode(to: &writer)
        case .ping(let number), .pong(let number), .feefilter(let number): writer.write(number)
        case .addr(let addresses): writer.writeArray(addresses)
        case .inv(let items), .getdata(let items), .notfound(let items): writer.writeArray(items)
        case .getheaders(let request): request.encode(to: &writer)
        case .headers(let headers):
            writer.writeCompactSize(UInt64(headers.count))
            for header in headers { writer.write(bytes: header) }
        case .block(let bytes), .tx(let bytes): return bytes
        case .getmodel(let request), .getcorpus(let request): request.encode(to: &writer)
        case .model(let piece), .corpus(let piece): piece.encode(to: &writer)
        }
        return writer.bytes
    }

    /// The message in its envelope.
    public var envelope: Envelope { Envelope(checkedCommand: command.rawValue, payload: payload) }

    /// Whether the message keeps to the limits, so that the other side will take it.
    var isWithinLimits: Bool {
        (try? NetworkMessage(command: command, payload: payload)) == self
    }

    /// Reads the message in an envelope; nil where the command is not known.
    /// - Throws: `DecodingFault` where the payload is not exactly one message of this command in its canonical form.
    public static func decode(_ envelope: Envelope) throws(DecodingFault) -> NetworkMessage? {
        guard let command = MessageCommand(rawValue: envelope.command) else { return nil }
        return try NetworkMessage(command: command, payload: envelope.payload)
    }

    /// Reads a payload.
    /// - Throws: `DecodingFault` where it is not exactly one message of this command in its canonical form.
    init(command: MessageCommand, payload: [UInt8]) throws(DecodingFault) {
        let limit = ProtocolLimits.maximumPayload(of: command.rawValue)
        guard payload.count <= limit else {
            throw .countAboveLimit(count: UInt64(payload.count), limit: UInt64(limit), offset: 0)
        }
        var reader = ByteReader(payload)
        switch command {
        case .version: self = .version(try VersionMessage(from: &reader))
        case .verack: self = .verack
        case .ping: self = .ping(try reader.readUInt64())
        case .pong: self = .pong(try reader.readUInt64())
        case .getaddr: self = .getaddr
        case .addr:
            self = .addr(try reader.readArray(
                limit: UInt64(ProtocolLimits.addresses), minimumElementSize: PeerAddress.minimumLength))
        case .inv: self = .inv(try Self.items(&reader))
        case .getdata: self = .getdata(try Self.items(&reader))
        case .notfound: self = .notfound(try Self.items(&reader))
        case .getheaders: self = .getheaders(try HeaderRequest(from: &reader))
        case .headers: self = .headers(try Self.headers(&reader))
        case .sendheaders: self = .sendheaders
        case .block: self = .block(try Self.rest(&reader))
        case .tx: self = .tx(try Self.rest(&reader))
        case .mempool: self = .mempool
        case .feefilter: self = .feefilter(try reader.readUInt64())
        case .getmodel: self = .getmodel(try PieceRequest(from: &reader))
        case .model: self = .model(try Piece(from: &reader))
        case .getcorpus: self = .getcorpus(try PieceRequest(from: &reader))
        case .corpus: self = .corpus(try Piece(from: &reader))
        }
        try reader.finish()
    }

    private static func items(_ reader: inout ByteReader) throws(DecodingFault) -> [InventoryItem] {
        try reader.readArray(
            limit: UInt64(ProtocolLimits.inventoryItems), minimumElementSize: InventoryItem.encodedLength)
    }

    private static func headers(_ reader: inout ByteReader) throws(DecodingFault) -> [[UInt8]] {
        let length = ProtocolLimits.headerLength
        let count = try reader.readCount(limit: UInt64(ProtocolLimits.headers), minimumElementSize: length)
        var headers: [[UInt8]] = []
        headers.reserveCapacity(count)
        for _ in 0..<count { headers.append(try reader.readBytes(length)) }
        return headers
    }

    /// A body is all of the payload, and not empty.
    private static func rest(_ reader: inout ByteReader) throws(DecodingFault) -> [UInt8] {
        guard reader.remaining > 0 else { throw .endOfInput(needed: 1, available: 0, offset: 0) }
        return try reader.readBytes(reader.remaining)
    }
}
