/// Why products cannot run on an NVIDIA GPU.
@nonexhaustive
public enum CUDAFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// None of the library's names could be loaded; `detail` is the dynamic loader's message for the first.
    case libraryMissing(names: [String], detail: String)
    /// The library is there but lacks a function that cuBLAS 11 and later have.
    case functionMissing(library: String, function: String)
    /// A call failed. Status numbers are those of `cublasStatus_t` or `CUresult`.
    case callFailed(function: String, status: Int32)
    /// The driver sees no device.
    case noDevice
    /// The device has no 8-bit dot products (compute capability 6.1 and later have).
    case deviceTooOld(name: String, major: Int32, minor: Int32)

    public var description: String {
        switch self {
        case .libraryMissing(let names, let detail):
            "none of \(names.joined(separator: ", ")) can be loaded (\(detail)); install it, or name its folder in LD_LIBRARY_PATH"
        case .functionMissing(let library, let function):
            "\(library) has no \(function); version 11 or later is needed"
        case .callFailed("cublasCreate_v2", 1):
            "cublasCreate_v2 returned status 1, not initialised: there is no NVIDIA driver or no device that it can use"
        case .callFailed(let function, let status):
            "\(function) returned status \(status)"
        case .noDevice:
            "the NVIDIA driver sees no device"
        case .deviceTooOld(let name, let major, let minor):
            "\(name) has compute capability \(major).\(minor); 8-bit dot products need 6.1 or later"
        }
    }
}
