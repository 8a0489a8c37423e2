/// Why products or kernels cannot run on an NVIDIA GPU.
enum CUDAFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// None of the library's names could be loaded; `detail` is the dynamic loader's message for the first.
    case libraryMissing(names: [String], detail: String)
    /// The library is there but lacks a function that CUDA 11.2 and later have.
    case functionMissing(library: String, function: String)
    /// A call failed. Status numbers are those of `cublasStatus_t`, `CUresult` or `nvrtcResult`.
    case callFailed(function: String, status: Int32)
    /// The driver sees no device.
    case noDevice
    /// The device has no 8-bit dot products (compute capability 6.1 and later have).
    case deviceTooOld(name: String, major: Int32, minor: Int32)
    /// NVRTC refused the kernels; the status is an `nvrtcResult`, the log its messages.
    case compilationFailed(status: Int32, log: String)
    /// NVRTC compiles for later devices only. Compute capabilities as whole numbers, 90 for 9.0.
    case deviceUnknown(capability: Int, known: [Int])
    /// More blocks than a launch can have.
    case launchTooLarge(kernel: String, blocks: [Int])
    /// A kernel gave other bits than the processor's canonical operation, at this word of the result.
    case wrongKernel(operation: String, word: Int, expected: UInt32, actual: UInt32)
    /// A kernel wrote outside its outputs.
    case kernelWroteOutside(operation: String)

    var description: String {
        switch self {
        case .libraryMissing(let names, let detail):
            "none of \(names.joined(separator: ", ")) can be loaded (\(detail)); install it, or name its folder in LD_LIBRARY_PATH"
        case .functionMissing(let library, let function):
            "\(library) has no \(function); version 11.2 or later is needed"
        case .callFailed("cublasCreate_v2", 1):
            "cublasCreate_v2 returned status 1, not initialised: there is no NVIDIA driver or no device that it can use"
        case .callFailed(let function, let status):
            "\(function) returned status \(status)"
        case .noDevice:
            "the NVIDIA driver sees no device"
        case .deviceTooOld(let name, let major, let minor):
            "\(name) has compute capability \(major).\(minor); 8-bit dot products need 6.1 or later"
        case .compilationFailed(let status, let log):
            "NVRTC refused the kernels with status \(status):\n\(log)"
        case .deviceUnknown(let capability, let known):
            """
            this NVRTC compiles for compute capabilities \(known.map { String($0) }.joined(separator: ", ")), the device has \(capability); \
            install the NVRTC of an older CUDA release
            """
        case .launchTooLarge(let kernel, let blocks):
            "\(kernel) was asked for \(blocks.map { String($0) }.joined(separator: " × ")) blocks; a launch has at most 2147483647 × 65535"
        case .wrongKernel(let operation, let word, let expected, let actual):
            """
            the device's \(operation): expected bits 0x\(String(expected, radix: 16)) at word \(word), found 0x\(String(actual, radix: 16)); \
            its kernels are not used
            """
        case .kernelWroteOutside(let operation):
            "the device's \(operation) wrote outside its outputs; its kernels are not used"
        }
    }
}
