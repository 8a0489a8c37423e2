/// Why a stream of envelopes cannot be read on: after any of these, where the next message starts is unknown.
@nonexhaustive
public enum EnvelopeFault: Error, Equatable, Sendable {
    /// The first four bytes are those of another network, or of another protocol.
    case wrongMagic(expected: UInt32, actual: UInt32)
    /// The stated length is above what this command may have.
    case oversized(command: String, length: UInt32, limit: Int)
}

extension EnvelopeFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .wrongMagic(let expected, let actual):
            "expected the network magic \(Self.hex(expected)), got \(Self.hex(actual)): the peer is on another network"
        case .oversized(let command, let length, let limit):
            "expected at most \(limit) bytes for '\(command)', got a length of \(length): the peer breaks the protocol"
        }
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
