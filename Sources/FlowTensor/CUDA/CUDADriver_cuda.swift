/// The functions of the CUDA driver that the backend uses (CUDA Driver API, libcuda).
struct CUDADriver: Sendable {
    typealias Status = Int32
    typealias Handle = UnsafeMutableRawPointer

    private let initialise: @convention(c) (UInt32) -> Status
    private let deviceCount: @convention(c) (UnsafeMutablePointer<Int32>) -> Status
    private let deviceGet: @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Status
    private let deviceName: @convention(c) (UnsafeMutablePointer<CChar>, Int32, Int32) -> Status
    private let deviceAttribute: @convention(c) (UnsafeMutablePointer<Int32>, Int32, Int32) -> Status
    private let retainPrimaryContext: @convention(c) (UnsafeMutablePointer<Handle?>, Int32) -> Status
    private let setContext: @convention(c) (Handle?) -> Status
    private let streamCreate: @convention(c) (UnsafeMutablePointer<Handle?>, UInt32) -> Status
    private let streamSynchronise: @convention(c) (Handle?) -> Status
    private let allocate: @convention(c) (UnsafeMutablePointer<DevicePointer>, Int) -> Status
    private let free: @convention(c) (DevicePointer) -> Status
    private let allocateHost: @convention(c) (UnsafeMutablePointer<Handle?>, Int, UInt32) -> Status
    private let freeHost: @convention(c) (Handle?) -> Status
    private let copyToDevice: @convention(c) (DevicePointer, UnsafeRawPointer, Int, Handle?) -> Status
    private let copyToHost: @convention(c) (Handle, DevicePointer, Int, Handle?) -> Status
    private let setBytes: @convention(c) (DevicePointer, UInt8, Int, Handle?) -> Status
    private let moduleLoad: @convention(c) (UnsafeMutablePointer<Handle?>, UnsafeRawPointer) -> Status
    private let moduleFunction: @convention(c) (UnsafeMutablePointer<Handle?>, Handle?, UnsafePointer<CChar>) -> Status
    private let kernelLaunch:
        @convention(c) (
            Handle?, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Handle?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Status

    init() throws(CUDAFault) {
        #if os(Windows)
            let names = ["nvcuda.dll"]
        #else
            let names = ["libcuda.so.1", "libcuda.so"]
        #endif
        let library = try DynamicLibrary(names)
        initialise = try library.function("cuInit")
        deviceCount = try library.function("cuDeviceGetCount")
        deviceGet = try library.function("cuDeviceGet")
        deviceName = try library.function("cuDeviceGetName")
        deviceAttribute = try library.function("cuDeviceGetAttribute")
        retainPrimaryContext = try library.function("cuDevicePrimaryCtxRetain")
        setContext = try library.function("cuCtxSetCurrent")
        streamCreate = try library.function("cuStreamCreate")
        streamSynchronise = try library.function("cuStreamSynchronize")
        allocate = try library.function("cuMemAlloc_v2")
        free = try library.function("cuMemFree_v2")
        allocateHost = try library.function("cuMemHostAlloc")
        freeHost = try library.function("cuMemFreeHost")
        copyToDevice = try library.function("cuMemcpyHtoDAsync_v2")
        copyToHost = try library.function("cuMemcpyDtoHAsync_v2")
        setBytes = try library.function("cuMemsetD8Async")
        moduleLoad = try library.function("cuModuleLoadData")
        moduleFunction = try library.function("cuModuleGetFunction")
        kernelLaunch = try library.function("cuLaunchKernel")
    }

    // MARK: Device and context

    /// Makes the primary context of the first device, the one that cuBLAS uses too, current on this thread.
    /// - Returns: also the compute capability, 90 for 9.0.
    func firstDevice() throws(CUDAFault) -> (context: Handle?, name: String, capability: Int) {
        try check(initialise(0), "cuInit")
        var count: Int32 = 0
        try check(deviceCount(&count), "cuDeviceGetCount")
        if count < 1 { throw .noDevice }
        var device: Int32 = 0
        try check(deviceGet(&device, 0), "cuDeviceGet")
        var characters = [CChar](repeating: 0, count: 256)
        try check(deviceName(&characters, 255, device), "cuDeviceGetName")
        let name = String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR.
        var major: Int32 = 0, minor: Int32 = 0
        try check(deviceAttribute(&major, 75, device), "cuDeviceGetAttribute")
        try check(deviceAttribute(&minor, 76, device), "cuDeviceGetAttribute")
        guard (major, minor) >= (6, 1) else { throw .deviceTooOld(name: name, major: major, minor: minor) }
        var context: Handle?
        try check(retainPrimaryContext(&context, device), "cuDevicePrimaryCtxRetain")
        try makeCurrent(context)
        return (context, name, Int(major) * 10 + Int(minor))
    }

    func makeCurrent(_ context: Handle?) throws(CUDAFault) { try check(setContext(context), "cuCtxSetCurrent") }

    // MARK: Streams and memory

    func makeStream() throws(CUDAFault) -> Handle? {
        var stream: Handle?
        // CU_STREAM_NON_BLOCKING
        try check(streamCreate(&stream, 1), "cuStreamCreate")
        return stream
    }

    func synchronise(_ stream: Handle?) throws(CUDAFault) { try check(streamSynchronise(stream), "cuStreamSynchronize") }

    func allocateOnDevice(_ bytes: Int) throws(CUDAFault) -> DevicePointer {
        var pointer: DevicePointer = 0
        try check(allocate(&pointer, bytes), "cuMemAlloc of \(bytes) bytes")
        return pointer
    }

    func freeOnDevice(_ pointer: DevicePointer) { _ = free(pointer) }

    /// Page-locked memory, which the device reads and writes without a detour.
    func allocatePinned(_ bytes: Int) throws(CUDAFault) -> Handle {
        var pointer: Handle?
        // CU_MEMHOSTALLOC_PORTABLE
        try check(allocateHost(&pointer, bytes, 1), "cuMemHostAlloc of \(bytes) bytes")
        guard let pointer else { throw .callFailed(function: "cuMemHostAlloc of \(bytes) bytes", status: 0) }
        return pointer
    }

    func freePinned(_ pointer: Handle) { _ = freeHost(pointer) }

    func upload(_ bytes: Int, from host: UnsafeRawPointer, to device: DevicePointer, stream: Handle?) throws(CUDAFault) {
        try check(copyToDevice(device, host, bytes, stream), "cuMemcpyHtoDAsync of \(bytes) bytes")
    }

    func download(_ bytes: Int, from device: DevicePointer, to host: Handle, stream: Handle?) throws(CUDAFault) {
        try check(copyToHost(host, device, bytes, stream), "cuMemcpyDtoHAsync of \(bytes) bytes")
    }

    func fill(_ device: DevicePointer, _ byte: UInt8, count: Int, stream: Handle?) throws(CUDAFault) {
        try check(setBytes(device, byte, count, stream), "cuMemsetD8Async of \(count) bytes")
    }

    // MARK: Kernels

    /// PTX ends with a zero byte, as NVRTC gives it. A module stays loaded for the life of the process.
    func loadModule(_ image: [UInt8]) throws(CUDAFault) -> Handle? {
        var module: Handle?
        try check(moduleLoad(&module, image), "cuModuleLoadData")
        return module
    }

    func function(_ name: String, in module: Handle?) throws(CUDAFault) -> Handle {
        var function: Handle?
        try check(moduleFunction(&function, module, name), "cuModuleGetFunction of \(name)")
        guard let function else { throw .callFailed(function: "cuModuleGetFunction of \(name)", status: 0) }
        return function
    }

    /// - Parameter arguments: a word each; the driver copies them before it returns.
    func launch(_ function: Handle, name: String, _ grid: LaunchGrid, _ arguments: [UInt64], stream: Handle?) throws(CUDAFault) {
        let (blocks, threads) = (grid.blocks, grid.threads)
        guard let x = UInt32(exactly: blocks.x), x <= Int32.max, let y = UInt32(exactly: blocks.y), y <= 65_535 else {
            throw .launchTooLarge(kernel: name, blocks: [blocks.x, blocks.y])
        }
        var words = arguments
        let status = words.withUnsafeMutableBufferPointer { words in
            var places = (0..<words.count).map { words.baseAddress.map { UnsafeMutableRawPointer($0) }?.advanced(by: 8 * $0) }
            return kernelLaunch(function, x, y, 1, UInt32(threads.x), UInt32(threads.y), 1, 0, stream, &places, nil)
        }
        try check(status, "cuLaunchKernel of \(name)")
    }

    private func check(_ status: Status, _ function: String) throws(CUDAFault) {
        if status != 0 { throw .callFailed(function: function, status: status) }
    }
}
