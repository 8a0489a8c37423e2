import FlowEncoding

/// A place to pay to, as people write it: `fl1q…` on mainnet, `tfl1q…` on testnet, `rfl1q…` on regtest.
///
/// Version 0 with 20 bytes is the only kind to pay to (`isPayable`); versions 1 to 16 (bech32m, BIP-350) decode, so that a wallet
/// can say what they are.
public struct Address: Hashable, Sendable {
    /// The network's human-readable part.
    public let prefix: String
    public let program: LockProgram
    private let text: String

    /// The address of a program on the network with this prefix.
    public init(program: LockProgram, prefix: String) throws(AddressError) {
        try Self.checkLength(program)
        do {
            text = try SegwitStyleAddress(prefix: prefix, version: program.version, program: program.bytes).description
        } catch {
            throw .malformed(error)
        }
        self.prefix = prefix
        self.program = program
    }

    /// Reads an address of the network with this prefix.
    public init(_ text: String, prefix: String) throws(AddressError) {
        let decoded: SegwitStyleAddress
        do {
            decoded = try SegwitStyleAddress(text)
        } catch {
            throw .malformed(error)
        }
        guard decoded.prefix == prefix else {
            throw .wrongNetwork(expected: prefix, actual: decoded.prefix)
        }
        let program = LockProgram(version: decoded.version, bytes: decoded.program)
        try Self.checkLength(program)
        self.prefix = prefix
        self.program = program
        self.text = decoded.description
    }

    /// True when its holder alone can spend what is paid to it.
    public var isPayable: Bool { program.isPayable }

    private static func checkLength(_ program: LockProgram) throws(AddressError) {
        guard program.version != 0 || program.bytes.count == LockProgram.keyHashLength else {
            throw .programLength(expected: LockProgram.keyHashLength, actual: program.bytes.count)
        }
    }
}

extension Address: CustomStringConvertible {
    public var description: String { text }
}
