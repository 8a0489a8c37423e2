internal import CSodium

/// Makes libsodium ready once for the whole process. Functions that draw random numbers or take guarded memory ask
/// here first; the pure computations need no preparation.
enum Sodium {
    static let isReady: Bool = sodium_init() >= 0
}
