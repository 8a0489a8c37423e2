/// What became of a block that was handed to the chain service.
public enum BlockFate: Sendable, Equatable {
    /// It is part of the tip's chain.
    case connected
    /// Valid as far as it was checked, kept, with no more work than the tip's chain.
    case sideChain
    case duplicate
    /// Known, and known to break a rule.
    case duplicateInvalid(rule: String)
    /// Its parent is unknown.
    case orphan
    /// The body does not belong to the header; the header's hash is not condemned.
    case mutated(rule: String, detail: String)
    /// It breaks a rule. `peerCouldKnow` is false where only a replay beyond the first step shows it.
    case invalid(rule: String, detail: String, peerCouldKnow: Bool)
    /// The rule holds for now only: a later submission may pass (a time too far ahead).
    case premature(rule: String, detail: String)
    /// It was not kept, since too much that nobody has replayed is waiting; it may be handed over again.
    case noRoom
    /// This machine could not judge; nobody is to blame.
    case localFault(String)

    /// The answer of `submitblock` (BIP-22): nil for a block that was accepted.
    var submissionResult: String? {
        switch self {
        case .connected: nil
        case .sideChain: "inconclusive"
        case .duplicate: "duplicate"
        case .duplicateInvalid: "duplicate-invalid"
        case .orphan: "prev-blk-not-found"
        case .mutated(let rule, _), .invalid(let rule, _, _), .premature(let rule, _): rule
        case .noRoom: "inconclusive-no-room"
        case .localFault: "inconclusive-local-fault"
        }
    }

    /// The identifier of the broken rule, if one is broken.
    public var rule: String? {
        switch self {
        case .mutated(let rule, _), .invalid(let rule, _, _), .premature(let rule, _), .duplicateInvalid(let rule): rule
        default: nil
        }
    }
}
