internal import CFlowKernels

/// Parts of x86-64 processors that kernels of other libraries may need.
public enum ProcessorFeature: String, Sendable, CaseIterable {
    case avx = "AVX"
    case avx2 = "AVX2 with FMA"
    /// The foundation with BW, VL, DQ and CD, as all server processors with AVX-512 have.
    case avx512 = "AVX-512"
    /// AMD's, from Bulldozer to Excavator.
    case fma4 = "FMA4"
    /// AMD's, up to K10.
    case threeDNow = "3DNow!"

    /// Whether this processor and system have it.
    public var isAvailable: Bool {
        switch self {
        case .avx: cflow_processor_has(Int32(CFLOW_HAS_AVX))
        case .avx2: cflow_processor_has(Int32(CFLOW_HAS_AVX2_FMA))
        case .avx512: cflow_processor_has(Int32(CFLOW_HAS_AVX512))
        case .fma4: cflow_processor_has(Int32(CFLOW_HAS_FMA4))
        case .threeDNow: cflow_processor_has(Int32(CFLOW_HAS_3DNOW))
        }
    }
}
