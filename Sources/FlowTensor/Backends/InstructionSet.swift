internal import CFlowKernels

/// Instruction sets that kernels were written for.
public enum InstructionSet: Int32, CaseIterable, Sendable, CustomStringConvertible {
    /// Plain C for any processor.
    case portable = 0
    /// x86-64 with AVX2: `vpmaddwd` on 16-bit pairs.
    case avx2 = 1
    /// x86-64 with AVX-512 and VNNI: `vpdpbusd` on groups of four bytes.
    case avx512vnni = 2

    /// Whether this processor and system can run it.
    public var isAvailable: Bool { cflow_level_available(rawValue) }

    /// The best one that can run here.
    public static let best: InstructionSet = allCases.last { $0.isAvailable } ?? .portable

    public var description: String {
        switch self {
        case .portable: "portable"
        case .avx2: "avx2"
        case .avx512vnni: "avx512vnni"
        }
    }
}
