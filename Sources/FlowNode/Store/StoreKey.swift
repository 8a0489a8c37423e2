import FlowConsensus
import FlowCrypto
import FlowEncoding

/// The keys of the node's store. One letter names the table; numbers within keys are big-endian so that they sort.
enum StoreKey {
    static let indexPrefix: [UInt8] = [UInt8(ascii: "i")]
    static let coinPrefix: [UInt8] = [UInt8(ascii: "c")]
    private static let transactionPrefix: [UInt8] = [UInt8(ascii: "x")]
    static let waitingPrefix: [UInt8] = [UInt8(ascii: "t")]

    static func block(_ hash: Hash256) -> [UInt8] { [UInt8(ascii: "b")] + hash.bytes }
    static func index(_ hash: Hash256) -> [UInt8] { indexPrefix + hash.bytes }
    static func undo(_ hash: Hash256) -> [UInt8] { [UInt8(ascii: "u")] + hash.bytes }
    static func coin(_ outPoint: OutPoint) -> [UInt8] { coinPrefix + outPoint.encoded }
    /// The block that holds a transaction, by the index that `-txindex` keeps.
    static func blockOfTransaction(_ txid: Hash256) -> [UInt8] { transactionPrefix + txid.bytes }
    /// A transaction that waits in the pool.
    static func waiting(_ txid: Hash256) -> [UInt8] { waitingPrefix + txid.bytes }
    /// Prefix of the pieces of a block's model delta.
    static func delta(_ hash: Hash256) -> [UInt8] { [UInt8(ascii: "d")] + hash.bytes }
    static func delta(_ hash: Hash256, piece: UInt32) -> [UInt8] { delta(hash) + bigEndian(piece) }
    /// Prefix of the pieces of a base snapshot.
    static func base(_ generation: UInt32) -> [UInt8] { [UInt8(ascii: "w")] + bigEndian(generation) }
    static func base(_ generation: UInt32, piece: UInt32) -> [UInt8] { base(generation) + bigEndian(piece) }

    /// Hash of the block that tip, coins and model belong to.
    static let tip = marker("tip")
    /// The last block of the followed branch that the index of transactions covers.
    static let transactionIndex = marker("txindex")
    /// Generation and block of the base snapshot.
    static let baseMarker = marker("base")
    /// Format, network, genesis hash and corpus that the directory belongs to.
    static let identity = marker("identity")

    /// Places of other nodes.
    static let addressBook = marker("addresses")
    static let banPrefix: [UInt8] = [UInt8(ascii: "n")]
    /// A host or range that is kept out.
    static func ban(_ range: String) -> [UInt8] { banPrefix + Array(range.utf8) }

    private static func marker(_ name: String) -> [UInt8] { [UInt8(ascii: "m")] + Array(name.utf8) }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16),
            UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }
}
