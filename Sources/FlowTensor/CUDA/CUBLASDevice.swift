/// The first GPU of this machine: cuBLAS in the device's primary context, one stream, staging memory that grows, and the canonical kernels
/// where NVRTC compiled them and they passed ``KernelCheck``.
///
/// Not safe for several threads at once; ``CUBLASBackend`` lets one in at a time.
final class CUBLASDevice: ByteProductDevice, @unchecked Sendable {
    let name: String
    /// The operations of a step on this device's memory, in the order of its products; nil where ``kernelFault`` says why.
    let kernels: DeviceKernels?
    let kernelFault: CUDAFault?
    private let driver: CUDADriver
    private let library: CUBLASLibrary
    private let context: CUDADriver.Handle?
    private let handle: CUBLASLibrary.Handle
    private let stream: CUDADriver.Handle?
    private var input = Staging()
    private var output = Staging()
    /// Sums that stay on the device.
    private var sums: (bytes: Int, device: DevicePointer) = (0, 0)

    private struct Staging {
        var bytes = 0
        var host: CUDADriver.Handle?
        var device: DevicePointer = 0
    }

    /// Opened when first asked for, then kept for the life of the process.
    static let first: Result<CUBLASDevice, CUDAFault> = withCanonicalFloatingPoint {
        do throws(CUDAFault) {
            return .success(try CUBLASDevice())
        } catch {
            return .failure(error)
        }
    }

    /// The library is asked first: on a machine without a GPU it loads and then says so.
    private init() throws(CUDAFault) {
        library = try CUBLASLibrary()
        handle = try library.makeHandle()
        do throws(CUDAFault) {
            driver = try CUDADriver()
            let capability: Int
            (context, name, capability) = try driver.firstDevice()
            stream = try driver.makeStream()
            try library.use(stream, handle)
            (kernels, kernelFault) = Self.admittedKernels(driver, stream, capability)
        } catch {
            library.destroyHandle(handle)
            throw error
        }
    }

    private static func admittedKernels(
        _ driver: CUDADriver, _ stream: CUDADriver.Handle?, _ capability: Int
    ) -> (DeviceKernels?, CUDAFault?) {
        do throws(CUDAFault) {
            let kernels = DeviceKernels(device: try CUDAKernelDevice(driver, stream: stream, capability: capability))
            try checkDeviceKernels(kernels)
            return (kernels, nil)
        } catch {
            return (nil, error)
        }
    }

    var rescales: Bool { kernels != nil }

    func stage(inputBytes: Int, outputBytes: Int) throws(CUDAFault) -> (
        input: UnsafeMutableRawPointer, output: UnsafeMutableRawPointer
    ) {
        try makeCurrent()
        return (try grow(&input, inputBytes), try grow(&output, outputBytes))
    }

    /// Lets this thread call the device: what ``kernels`` and ``multiply(_:operands:sums:)`` ask for.
    func makeCurrent() throws(CUDAFault) { try driver.makeCurrent(context) }

    func run(_ work: ByteWork) throws(CUDAFault) {
        guard let from = input.host, let to = output.host else { throw .callFailed(function: "run before stage", status: 1) }
        let target = work.rescales.isEmpty ? output.device : try roomForSums(work.sumBytes)
        try driver.upload(work.inputBytes, from: from, to: input.device, stream: stream)
        for product in work.products { try multiply(product, operands: input.device, sums: target) }
        for rescale in work.rescales { try kernels?.rescale(rescale, input: input.device, sums: target, output: output.device) }
        try driver.download(work.outputBytes, from: output.device, to: to, stream: stream)
        try driver.synchronise(stream)
    }

    /// One product of bytes in the device's memory, in the order of the kernels. The context must be current.
    ///
    /// With ``DeviceKernels/pack`` before and ``DeviceKernels/rescale`` behind, this is a product of numbers that never leave the device.
    func multiply(_ product: ByteProduct, operands: DevicePointer, sums: DevicePointer) throws(CUDAFault) {
        try library.multiply(
            handle, m: product.m, n: product.n, k: product.k, a: operands + UInt64(product.a), b: operands + UInt64(product.b),
            c: sums + UInt64(product.c))
    }

    private func roomForSums(_ bytes: Int) throws(CUDAFault) -> DevicePointer {
        if sums.bytes < bytes {
            if sums.device != 0 { driver.freeOnDevice(sums.device) }
            sums = (0, 0)
            sums = (bytes, try driver.allocateOnDevice(bytes))
        }
        return sums.device
    }

    private func grow(_ staging: inout Staging, _ bytes: Int) throws(CUDAFault) -> UnsafeMutableRawPointer {
        if staging.bytes >= bytes, let host = staging.host { return host }
        if let host = staging.host { driver.freePinned(host) }
        if staging.device != 0 { driver.freeOnDevice(staging.device) }
        staging = Staging()
        let host = try driver.allocatePinned(bytes)
        staging.host = host
        staging.device = try driver.allocateOnDevice(bytes)
        staging.bytes = bytes
        return host
    }
}
