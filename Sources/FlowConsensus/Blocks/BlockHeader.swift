public import FlowCrypto
public import FlowEncoding

/// The 160 bytes that name a block and hold its ticket.
public struct BlockHeader: Hashable, Sendable {
    /// 1, or where amendments are in force a part of the root that names them (`ChainParameters.blockVersion`).
    public var version: UInt32
    public var previousHash: Hash256
    public var merkleRoot: Hash256
    /// The root of the weights that this block's training starts from: the result of the parent's.
    public var modelRoot: Hash256
    public var height: BlockHeight
    /// Seconds since 1970.
    public var time: UInt64
    public var bits: CompactTarget
    public var nonce: UInt64
    /// How many training steps the block keeps.
    public var steps: UInt32
    /// The last link of the chain of step digests.
    public var deltaHash: Hash256

    public static let encodedLength = 160
    /// How many bytes stand before `steps`: what the training is seeded with.
    static let seedPrefixLength = 124

    public init(
        version: UInt32 = 1, previousHash: Hash256, merkleRoot: Hash256, modelRoot: Hash256, height: BlockHeight,
        time: UInt64, bits: CompactTarget, nonce: UInt64, steps: UInt32, deltaHash: Hash256
    ) {
        self.version = version
        self.previousHash = previousHash
        self.merkleRoot = merkleRoot
        self.modelRoot = modelRoot
        self.height = height
        self.time = time
        self.bits = bits
        self.nonce = nonce
        self.steps = steps
        self.deltaHash = deltaHash
    }

    /// The block's name and its ticket: keccak256d of all 160 bytes.
    public var hash: Hash256 { Keccak256.doubleHash(encoded) }

    /// The first 124 bytes: everything but `steps` and `deltaHash`.
    var seedPrefix: [UInt8] { Array(encoded.prefix(Self.seedPrefixLength)) }

    /// The seed of the training: keccak256d(first 124 bytes ‖ rulesRoot). `ChainParameters.workSeed(of:)` knows the root.
    public func workSeed(rulesRoot: Hash256) -> Hash256 {
        Keccak256.doubleHash(seedPrefix + rulesRoot.bytes)
    }

    /// True when the hash, as a little-endian number, is at most the target in `bits`.
    public var meetsTarget: Bool { bits.isMet(by: hash) }
}

extension BlockHeader: BinaryCodable {
    public func encode(to writer: inout ByteWriter) {
        writer.write(version)
        previousHash.encode(to: &writer)
        merkleRoot.encode(to: &writer)
        modelRoot.encode(to: &writer)
        writer.write(height)
        writer.write(time)
        bits.encode(to: &writer)
        writer.write(nonce)
        writer.write(steps)
        deltaHash.encode(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        version = try reader.readUInt32()
        previousHash = try Hash256(from: &reader)
        merkleRoot = try Hash256(from: &reader)
        modelRoot = try Hash256(from: &reader)
        height = try reader.readUInt32()
        time = try reader.readUInt64()
        bits = try CompactTarget(from: &reader)
        nonce = try reader.readUInt64()
        steps = try reader.readUInt32()
        deltaHash = try Hash256(from: &reader)
    }
}
