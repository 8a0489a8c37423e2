/// What a node knows about a block: valid, invalid and undecided are three things.
public enum BlockVerdict: Hashable, Sendable {
    case valid
    case invalid(BlockViolation)
    /// A fault of this node kept it from deciding; the text names it.
    case undecided(String)

    /// Runs checks: a thrown `BlockViolation` is a verdict, any other error a fault.
    public init(of checks: () throws -> Void) {
        do {
            try checks()
            self = .valid
        } catch let violation as BlockViolation {
            self = .invalid(violation)
        } catch {
            self = .undecided("\(error)")
        }
    }
}
