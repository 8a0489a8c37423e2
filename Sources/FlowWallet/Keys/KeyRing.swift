import FlowConsensus
import FlowCrypto

/// The keys derived so far, on both branches, and which of them are handed out.
///
/// Ed25519 keys of SLIP-0010 are hardened only: without the secret no further public key can be derived. So a locked wallet
/// lives on keys that were derived in advance.
struct KeyRing: Sendable {
    /// Keys kept in advance on each branch at least; also the gap that a restored wallet looks ahead.
    var lookahead: UInt32
    static let longestLookahead: UInt32 = 1_000_000
    /// Keys derived beyond that, so that not each new address derives one.
    private var reserve: UInt32 { lookahead / 5 }

    private(set) var keys: [KeyBranch: [WalletKey]] = [.receive: [], .change: []]
    private(set) var next: [KeyBranch: UInt32] = [.receive: 0, .change: 0]
    private var byProgram: [LockProgram: WalletKey] = [:]

    init(lookahead: UInt32) { self.lookahead = min(max(1, lookahead), Self.longestLookahead) }

    /// Adds the next key of its branch. False when its index is not the next one.
    mutating func append(_ key: WalletKey) -> Bool {
        guard keys[key.branch, default: []].count == Int(key.index) else { return false }
        keys[key.branch, default: []].append(key)
        byProgram[key.program] = key
        return true
    }

    func key(for program: LockProgram) -> WalletKey? { byProgram[program] }

    /// Hands out the next key; nil when none was derived in advance.
    mutating func take(_ branch: KeyBranch) -> WalletKey? {
        let index = next[branch, default: 0]
        guard let key = keys[branch]?.dropFirst(Int(index)).first else { return nil }
        next[branch] = index + 1
        return key
    }

    /// Remembers that a key was seen on the chain, so that it is not handed out again.
    /// - Returns: whether nobody knew that it was handed out
    @discardableResult
    mutating func markUsed(_ key: WalletKey) -> Bool {
        guard next[key.branch, default: 0] <= key.index else { return false }
        next[key.branch] = key.index + 1
        return true
    }

    /// How many keys to derive; none while `lookahead` are there in advance.
    func missing(on branch: KeyBranch) -> UInt32 {
        let wanted = next[branch, default: 0] + lookahead
        let present = UInt32(keys[branch, default: []].count)
        return wanted > present ? wanted + reserve - present : 0
    }
}
