/// The kernels in the module of a GPU's context, launched on one stream.
///
/// The context must be current on the calling thread. Not safe for several threads at once.
final class CUDAKernelDevice: KernelDevice, @unchecked Sendable {
    private let driver: CUDADriver
    private let stream: CUDADriver.Handle?
    private let functions: [Kernel: CUDADriver.Handle]

    /// Compiles the kernels for the device and loads them. Takes a second or so.
    init(_ driver: CUDADriver, stream: CUDADriver.Handle?, capability: Int) throws(CUDAFault) {
        self.driver = driver
        self.stream = stream
        let image = try NVRTCLibrary().image(of: KernelSource.text, capability: capability)
        let module = try driver.loadModule(image.bytes)
        var functions: [Kernel: CUDADriver.Handle] = [:]
        for kernel in Kernel.allCases { functions[kernel] = try driver.function(kernel.rawValue, in: module) }
        self.functions = functions
    }

    func allocate(_ bytes: Int) throws(CUDAFault) -> DevicePointer { try driver.allocateOnDevice(max(bytes, 1)) }

    func free(_ pointer: DevicePointer) { driver.freeOnDevice(pointer) }

    func fill(_ pointer: DevicePointer, _ byte: UInt8, count: Int) throws(CUDAFault) {
        if count > 0 { try driver.fill(pointer, byte, count: count, stream: stream) }
    }

    func upload(_ bytes: UnsafeRawBufferPointer, to pointer: DevicePointer) throws(CUDAFault) {
        guard let host = bytes.baseAddress, bytes.count > 0 else { return }
        try driver.upload(bytes.count, from: host, to: pointer, stream: stream)
        try driver.synchronise(stream)
    }

    func download(_ pointer: DevicePointer, into bytes: UnsafeMutableRawBufferPointer) throws(CUDAFault) {
        guard let host = bytes.baseAddress, bytes.count > 0 else { return }
        try driver.download(bytes.count, from: pointer, to: host, stream: stream)
        try driver.synchronise(stream)
    }

    func launch(_ kernel: Kernel, _ grid: LaunchGrid, _ arguments: [UInt64]) throws(CUDAFault) {
        guard let function = functions[kernel] else { throw .callFailed(function: "cuModuleGetFunction", status: 500) }
        try driver.launch(function, name: kernel.rawValue, grid, arguments, stream: stream)
    }
}
