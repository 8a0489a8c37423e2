/// Cuts a stream of bytes, in whatever pieces it arrives, into envelopes.
///
/// It keeps at most one message of its command's limit and what was appended behind it, reserves nothing for bytes that are
/// only announced, and gives memory back after a large message. After a fault it stays at that fault.
struct EnvelopeDecoder: Sendable {
    /// One message of the stream.
    enum Frame: Equatable, Sendable {
        case message(Envelope)
        /// The payload does not match its checksum; it was passed over.
        case badChecksum(command: String)
        /// The command is not printable ASCII followed by zero bytes; its message was passed over.
        case badCommand
    }

    /// What the next message says of itself before its payload.
    struct Header: Equatable, Sendable {
        /// Nil where it is not printable ASCII followed by zero bytes.
        let command: String?
        /// Bytes of the payload, within the command's limit.
        let length: Int

        init(command: String?, length: Int) {
            self.command = command
            self.length = length
        }
    }

    /// Memory in bytes that an idle decoder may keep.
    static let idleCapacity = 65_536

    private let magic: UInt32
    private let checksum: EnvelopeChecksum
    private let limit: @Sendable (String) -> Int
    private var buffer: [UInt8] = []
    private var start = 0
    private var fault: EnvelopeFault?

    /// - Parameters:
    ///   - magic: the network's four bytes as a little-endian number.
    ///   - limit: the longest payload of a command; FlowCoin's limits unless told.
    init(
        magic: UInt32, checksum: EnvelopeChecksum = .keccak256d,
        limit: @escaping @Sendable (String) -> Int = ProtocolLimits.maximumPayload(of:)
    ) {
        self.magic = magic
        self.checksum = checksum
        self.limit = limit
    }

    /// Bytes that were appended and do not yet make a message.
    var bufferedCount: Int { buffer.count - start }

    /// Bytes of memory that the decoder holds.
    var capacity: Int { buffer.capacity }

    /// Adds what has arrived. After a fault it is dropped.
    mutating func append(_ bytes: some Collection<UInt8>) {
        guard fault == nil else { return }
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
        let needed = bufferedCount + bytes.count
        if needed > buffer.capacity - start {
            // Grown by half, but not beyond the message that is being read.
            let announced = ((try? peek()) ?? nil).map { Envelope.headerLength + $0.length } ?? 0
            var moved: [UInt8] = []
            moved.reserveCapacity(max(needed, min(needed + needed / 2, announced)))
            moved += buffer[start...]
            buffer = moved
            start = 0
        }
        buffer += bytes
    }

    /// The header of the next message, as soon as it is there.
    mutating func header() throws(EnvelopeFault) -> Header? {
        if let fault { throw fault }
        do throws(EnvelopeFault) { return try peek() } catch { throw stop(error) }
    }

    /// The next whole message; nil where more bytes are needed.
    mutating func next() throws(EnvelopeFault) -> Frame? {
        guard let header = try header(), bufferedCount - Envelope.headerLength >= header.length else { return nil }
        let first = start + Envelope.headerLength
        let payload = buffer[first..<(first + header.length)]
        let stated = buffer[(start + 20)..<(start + 24)]
        let frame: Frame
        if let command = header.command {
            frame = stated.elementsEqual(checksum.bytes(of: payload))
                ? .message(Envelope(checkedCommand: command, payload: Array(payload))) : .badChecksum(command: command)
        } else {
            frame = .badCommand
        }
        start = first + header.length
        if buffer.capacity > Self.idleCapacity && bufferedCount <= Self.idleCapacity / 2 {
            buffer = Array(buffer[start...])
            start = 0
        }
        return frame
    }

    private func peek() throws(EnvelopeFault) -> Header? {
        // The magic is compared as soon as it is there: an HTTP client or another network is told at once.
        guard bufferedCount >= 4 else { return nil }
        let found = word(at: 0)
        guard found == magic else { throw .wrongMagic(expected: magic, actual: found) }
        guard bufferedCount >= Envelope.headerLength else { return nil }
        let command = Self.command(buffer[(start + 4)..<(start + 16)])
        let length = word(at: 16)
        let allowed = command.map(limit) ?? ProtocolLimits.unknownPayload
        guard UInt64(length) <= UInt64(max(0, allowed)) else {
            throw .oversized(command: command ?? "unprintable", length: length, limit: allowed)
        }
        return Header(command: command, length: Int(length))
    }

    private mutating func stop(_ reason: EnvelopeFault) -> EnvelopeFault {
        fault = reason
        buffer = []
        start = 0
        return reason
    }

    private func word(at offset: Int) -> UInt32 {
        buffer[(start + offset)..<(start + offset + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The text of a command field; nil unless it is printable ASCII and then only zero bytes.
    private static func command(_ field: ArraySlice<UInt8>) -> String? {
        let name = field.prefix { $0 != 0 }
        guard !name.isEmpty, name.allSatisfy({ (0x21...0x7e).contains($0) }),
            field.dropFirst(name.count).allSatisfy({ $0 == 0 })
        else { return nil }
        return String(decoding: name, as: UTF8.self)
    }
}
