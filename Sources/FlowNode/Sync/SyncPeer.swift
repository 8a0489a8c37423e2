import FlowConsensus
import FlowCrypto

/// What the sync knows of one peer.
struct SyncPeer: Sendable {
    /// Hashes that the peer has or was told of; the older half makes room.
    private var recent: Set<Hash256> = []
    private var older: Set<Hash256> = []
    /// Blocks come as headers instead of inventory.
    var wantsHeaders = false
    /// Fee of 1,000 bytes below which the peer wants no transaction.
    var feeFilter: UInt64 = 0
    /// When headers were last asked for.
    var askedForHeaders: Duration?
    /// Questions for headers that are not answered.
    var headersOutstanding = 0
    /// Whether to ask for headers once the last time is long enough ago.
    var needsHeaders = false
    /// Whether it sent more headers than are kept.
    var hasMoreHeaders = false
    /// Blocks that it was told of before they were connected, the last ones.
    private(set) var announcedEarly: [Hash256] = []

    /// Where it follows other amendments than this node, as it seems, and what its header there breaks.
    var parting: (height: BlockHeight, text: String)?
    /// How many headers it sent that were made under other amendments.
    var foreignHeaders = 0

    private static let halfLimit = 5_000
    private static let earlyLimit = 64

    func knows(_ hash: Hash256) -> Bool { recent.contains(hash) || older.contains(hash) }

    mutating func learn(_ hash: Hash256) {
        guard recent.insert(hash).inserted, recent.count >= Self.halfLimit else { return }
        older = recent
        recent = []
    }

    /// It is told of a block that is not connected yet.
    mutating func announceEarly(_ hash: Hash256) {
        learn(hash)
        announcedEarly.append(hash)
        if announcedEarly.count > Self.earlyLimit { announcedEarly.removeFirst() }
    }

    /// It asks for headers, so what it was told it could not use, or not yet: what the answer does not hold is told again once it is connected.
    mutating func forgetEarly() {
        for hash in announcedEarly {
            recent.remove(hash)
            older.remove(hash)
        }
        announcedEarly = []
    }
}
