/// The two branches of an account below `m/44'/9555'/account'` (BIP-44): addresses to hand out, and change.
public enum KeyBranch: UInt32, Codable, Sendable, CaseIterable {
    case receive = 0
    case change = 1
}
