/// The first GPU of this machine: cuBLAS in the device's primary context, one stream, staging memory that grows.
///
/// Not safe for several threads at once; ``CUBLASBackend`` lets one in at a time.
final class CUBLASDevice: ByteProductDevice, @unchecked Sendable {
    let name: String
    private let driver: CUDADriver
    private let library: CUBLASLibrary
    private let context: CUDADriver.Handle?
    private let handle: CUBLASLibrary.Handle
    private let stream: CUDADriver.Handle?
    private var input = Staging()
    private var output = Staging()

    private struct Staging {
        var bytes = 0
        var host: CUDADriver.Handle?
        var device: CUDADriver.DevicePointer = 0
    }

    /// Opened when first asked for, then kept for the life of the process.
    static let first: Result<CUBLASDevice, CUDAFault> = {
        do throws(CUDAFault) {
            return .success(try CUBLASDevice())
        } catch {
            return .failure(error)
        }
    }()

    /// The library is asked first: on a machine without a GPU it loads and then says so.
    private init() throws(CUDAFault) {
        library = try CUBLASLibrary()
        handle = try library.makeHandle()
        do throws(CUDAFault) {
            driver = try CUDADriver()
            (context, name) = try driver.firstDevice()
            stream = try driver.makeStream()
            try library.use(stream, handle)
        } catch {
            library.destroyHandle(handle)
            throw error
        }
    }

    func stage(inputBytes: Int, outputBytes: Int) throws(CUDAFault) -> (
        input: UnsafeMutableRawPointer, output: UnsafeMutableRawPointer
    ) {
        try driver.makeCurrent(context)
        return (try grow(&input, inputBytes), try grow(&output, outputBytes))
    }

    func run(_ products: [ByteProduct], inputBytes: Int, outputBytes: Int) throws(CUDAFault) {
        guard let from = input.host, let to = output.host else { throw .callFailed(function: "run before stage", status: 1) }
        try driver.upload(inputBytes, from: from, to: input.device, stream: stream)
        for product in products {
            try library.multiply(
                handle, m: product.m, n: product.n, k: product.k, a: input.device + UInt64(product.a),
                b: input.device + UInt64(product.b), c: output.device + UInt64(product.c))
        }
        try driver.download(outputBytes, from: output.device, to: to, stream: stream)
        try driver.synchronise(stream)
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
