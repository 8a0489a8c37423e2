public import FlowCrypto
public import FlowEncoding

/// What locks an output: a version and a program, as in a witness program. Version 0 with 20 bytes, the hash of a
/// public key, is the only form with a meaning; versions 1 to 16 with 2 to 40 bytes are kept for later rules, and until then anybody
/// may spend them.
public struct LockProgram: Hashable, Sendable {
    public let version: UInt8
    public let bytes: [UInt8]

    /// The length of the program of version 0.
    static let keyHashLength = 20

    public init(version: UInt8, bytes: [UInt8]) {
        self.version = version
        self.bytes = bytes
    }

    /// The program that the holder of a key can spend: version 0, the first 20 bytes of keccak256d(public key).
    public init(publicKey: Ed25519.PublicKey) {
        version = 0
        bytes = Array(Keccak256.doubleHash(publicKey.bytes).bytes.prefix(Self.keyHashLength))
    }

    /// True when an output may have this program.
    public var isAllowed: Bool { isPayable || (1...16).contains(version) && (2...40).contains(bytes.count) }

    /// True for the one form that has a meaning: what nodes relay and wallets pay to.
    public var isPayable: Bool { version == 0 && bytes.count == Self.keyHashLength }

    /// How many signatures are checked when an output with this program is spent.
    public var signatureChecks: Int { version == 0 ? 1 : 0 }
}

extension LockProgram: BinaryCodable {
    /// The version, then CompactSize and the bytes.
    public func encode(to writer: inout ByteWriter) {
        writer.write(version)
        writer.writeVarBytes(bytes)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        version = try reader.readUInt8()
        bytes = try reader.readVarBytes(limit: ConsensusLimits.blockSize)
    }
}
