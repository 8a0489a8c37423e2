internal import CFlowKernels

/// Instruction sets that kernels were written for.
public enum InstructionSet: Int32, CaseIterable, Sendable, CustomStringConvertible {
    /// Plain C for any processor.
    case portable = 0
    /// x86-64 with AVX2: `vpmaddwd` on 16-bit pairs.
    case avx2 = 1
    /// x86-64 with AVX-512 and VNNI: `vpdpbusd` on groups of four bytes.
    case avx512vnni = 2
    /// 64-bit ARM with the dot product extension: `sdot` on groups of four bytes. Pointwise operations are the portable ones, which compile to NEON.
    case neon = 3

    /// Whether this processor and system can run it.
    public var isAvailable: Bool { cflow_level_available(rawValue) }

    /// The best one that can run here.
    public static let best: InstructionSet = allCases.last { $0.isAvailable } ?? .portable

    /// Lets `Canonical`, `Quantiser` and `ColumnSum` use these kernels from now on, the best available ones by default. The bits are the same; this
    /// is for comparing and measuring. A set that cannot run here counts as portable. Returns the set in use before.
    @discardableResult
    static func select(forPointwise set: InstructionSet) -> InstructionSet {
        InstructionSet(rawValue: cflow_pointwise_use(set.rawValue)) ?? .portable
    }

    public var description: String {
        switch self {
        case .portable: "portable"
        case .avx2: "avx2"
        case .avx512vnni: "avx512vnni"
        case .neon: "neon"
        }
    }
}
