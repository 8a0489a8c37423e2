import FlowCrypto

/// Which blocks were called false on this machine's word alone, and when such a verdict is looked at again.
///
/// On a network where nobody lies, a machine that begins to compute wrong condemns an honest block, and then has nothing to replay that would show it.
/// But others build on that block. The first of them brings it up again, with a second opinion; once for each right block, so that a forger, whose
/// blocks on a forged block cost him a few hashes each, gains no more than that.
struct VerdictReliance: Sendable {
    /// Condemned since other kernels last agreed; fewer than sixteen.
    private var relied: Set<Hash256> = []
    /// A block was right since the last time.
    private var mayDoubt = false
    /// The block whose next verdict is confirmed.
    private(set) var doubted: Hash256?

    /// True when the verdict on this block, on which another is built, is to be taken back.
    mutating func isDoubted(by parent: Hash256) -> Bool {
        guard mayDoubt, relied.remove(parent) != nil else { return false }
        mayDoubt = false
        doubted = parent
        return true
    }

    mutating func learn(_ finding: ReplayFinding, of hash: Hash256) {
        if finding.isConfirmed { relied = [] }
        switch finding.outcome {
        case .preempted, .localFault: return
        case .valid: mayDoubt = true
        case .wrongDigest, .endsTrajectory: if !finding.isConfirmed { relied.insert(hash) }
        }
        if doubted == hash { doubted = nil }
    }
}
