/// A message as it travels: a command and a payload, framed as Bitcoin frames them.
///
/// `magic u32 · command 12 bytes (ASCII, zero-padded) · length u32 · checksum 4 bytes · payload`
public struct Envelope: Equatable, Sendable {
    /// Bytes before the payload.
    public static let headerLength = 24
    /// Longest command in bytes.
    static let commandLength = 12

    public let command: String
    public let payload: [UInt8]

    /// Nil where the command is empty, longer than 12 bytes or not printable ASCII (0x21 to 0x7e).
    init?(command: String, payload: [UInt8]) {
        let bytes = Array(command.utf8)
        guard (1...Self.commandLength).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7e).contains($0) }),
            payload.count <= ProtocolLimits.maximumPayload
        else { return nil }
        self.init(checkedCommand: command, payload: payload)
    }

    init(checkedCommand: String, payload: [UInt8]) {
        command = checkedCommand
        self.payload = payload
    }

    /// The bytes that travel.
    public func encoded(magic: UInt32, checksum: EnvelopeChecksum = .keccak256d) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerLength + payload.count)
        withUnsafeBytes(of: magic.littleEndian) { bytes += $0 }
        bytes += command.utf8
        bytes += repeatElement(0, count: max(0, Self.commandLength - command.utf8.count))
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: payload.count).littleEndian) { bytes += $0 }
        bytes += checksum.bytes(of: payload[...])
        bytes += payload
        return bytes
    }
}
