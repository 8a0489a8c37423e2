/// Which implementation multiplies the integer matrices. All give the same bits.
public enum BackendChoice: String, Sendable, CaseIterable {
    /// The fastest that passes its admission test.
    case automatic
    case simd
    case openBLAS = "openblas"
    /// The plain Swift loops that define the arithmetic; slow.
    case reference
}
