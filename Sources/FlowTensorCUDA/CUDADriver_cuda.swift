/// The functions of the CUDA driver that the backend uses (CUDA Driver API, libcuda).
struct CUDADriver: Sendable {
    typealias Status = Int32
    typealias DevicePointer = UInt64
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
    }

    // MARK: Device and context

    /// Makes the primary context of the first device, the one that cuBLAS uses too, current on this thread.
    func firstDevice() throws(CUDAFault) -> (context: Handle?, name: String) {
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
        return (context, name)
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

    private func check(_ status: Status, _ function: String) throws(CUDAFault) {
        if status != 0 { throw .callFailed(function: function, status: status) }
    }
}
