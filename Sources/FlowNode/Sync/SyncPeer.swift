import FlowCrypto
import FlowP2P

/// What the sync knows of one peer.
struct SyncPeer {
    /// Hashes that the peer has or was told of; the oldest half makes room.
    private(set) var known: Set<Hash256> = []
    private var order: [Hash256] = []
    /// Blocks come as headers instead of inventory.
    var wantsHeaders = false
    /// Fee of 1,000 bytes below which the peer wants no transaction.
    var feeFilter: UInt64 = 0
    /// Answers to `getdata` follow one another.
    var serving: Task<Void, Never>?
    var queuedItems = 0
    /// When headers were last asked for because something was out of place.
    var askedForHeaders: Duration?
    /// Something was out of place, but headers had been asked for just before.
    var needsHeaders = false

    static let knownLimit = 20_000
    static let queuedLimit = 100_000

    mutating func learn(_ hash: Hash256) {
        guard known.insert(hash).inserted else { return }
        order.append(hash)
        if order.count > Self.knownLimit {
            known.subtract(order.prefix(Self.knownLimit / 2))
            order.removeFirst(Self.knownLimit / 2)
        }
    }
}
