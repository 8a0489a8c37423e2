/// NVIDIA's run-time compiler, found at run time (NVRTC documentation). It needs no device.
struct NVRTCLibrary: Sendable {
    /// What a compiler made of the kernels.
    struct Image: Sendable {
        /// The architecture, such as `sm_90` for code of a device and `compute_90` for PTX, which the driver translates.
        var architecture: String
        /// As `cuModuleLoadData` takes it.
        var bytes: [UInt8]
    }

    private typealias Program = UnsafeMutableRawPointer
    private typealias SizeOf = @convention(c) (Program?, UnsafeMutablePointer<Int>) -> Int32
    private typealias TextOf = @convention(c) (Program?, UnsafeMutablePointer<CChar>) -> Int32

    private let create:
        @convention(c) (
            UnsafeMutablePointer<Program?>, UnsafePointer<CChar>, UnsafePointer<CChar>?, Int32, UnsafeRawPointer?, UnsafeRawPointer?
        ) -> Int32
    private let compile: @convention(c) (Program?, Int32, UnsafePointer<UnsafePointer<CChar>?>?) -> Int32
    private let destroy: @convention(c) (UnsafeMutablePointer<Program?>) -> Int32
    private let architectureCount: @convention(c) (UnsafeMutablePointer<Int32>) -> Int32
    private let architectureList: @convention(c) (UnsafeMutablePointer<Int32>) -> Int32
    private let logSize: SizeOf, ptxSize: SizeOf, cubinSize: SizeOf
    private let logText: TextOf, ptxText: TextOf, cubinText: TextOf

    /// - Parameter names: of the library, or its path; tried in this order.
    init(_ names: [String] = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"]) throws(CUDAFault) {
        let library = try DynamicLibrary(names)
        create = try library.function("nvrtcCreateProgram")
        compile = try library.function("nvrtcCompileProgram")
        destroy = try library.function("nvrtcDestroyProgram")
        architectureCount = try library.function("nvrtcGetNumSupportedArchs")
        architectureList = try library.function("nvrtcGetSupportedArchs")
        logSize = try library.function("nvrtcGetProgramLogSize")
        logText = try library.function("nvrtcGetProgramLog")
        ptxSize = try library.function("nvrtcGetPTXSize")
        ptxText = try library.function("nvrtcGetPTX")
        cubinSize = try library.function("nvrtcGetCUBINSize")
        cubinText = try library.function("nvrtcGetCUBIN")
    }

    /// The compute capabilities that it compiles for, ascending: 90 is 9.0.
    func architectures() throws(CUDAFault) -> [Int] {
        var count: Int32 = 0
        try check(architectureCount(&count), "nvrtcGetNumSupportedArchs")
        var list = [Int32](repeating: 0, count: max(Int(count), 1))
        try check(architectureList(&list), "nvrtcGetSupportedArchs")
        return list.prefix(max(Int(count), 0)).map { Int($0) }.sorted()
    }

    /// The image for a device: its own code where the compiler knows the device, PTX for the latest older one otherwise.
    func image(of source: String, capability: Int) throws(CUDAFault) -> Image {
        let known = try architectures()
        if known.contains(capability) { return try compiled(source, for: "sm_\(capability)") }
        guard let older = known.last(where: { $0 < capability }) else {
            throw .deviceUnknown(capability: capability, known: known)
        }
        return try compiled(source, for: "compute_\(older)")
    }

    /// - Parameter architecture: `sm_…` for code of a device, `compute_…` for PTX.
    func compiled(
        _ source: String, for architecture: String, options: [String] = KernelSource.options
    ) throws(CUDAFault) -> Image {
        var program: Program?
        try check(create(&program, source, "flow_kernels.cu", 0, nil, nil), "nvrtcCreateProgram")
        defer { _ = destroy(&program) }
        let status = withOptions(options + ["--gpu-architecture=\(architecture)"]) { compile(program, Int32($0.count), $0.baseAddress) }
        if status != 0 {
            let log = (try? text(program, logSize, logText, "nvrtcGetProgramLog")) ?? []
            throw .compilationFailed(status: status, log: String(decoding: log.prefix { $0 != 0 }, as: UTF8.self))
        }
        let bytes =
            architecture.hasPrefix("sm_")
            ? try text(program, cubinSize, cubinText, "nvrtcGetCUBIN") : try text(program, ptxSize, ptxText, "nvrtcGetPTX")
        return Image(architecture: architecture, bytes: bytes)
    }

    private func text(_ program: Program?, _ size: SizeOf, _ get: TextOf, _ name: String) throws(CUDAFault) -> [UInt8] {
        var count = 0
        try check(size(program, &count), "\(name)Size")
        var characters = [CChar](repeating: 0, count: max(count, 1))
        try check(get(program, &characters), name)
        return characters.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }
    }

    private func check(_ status: Int32, _ function: String) throws(CUDAFault) {
        if status != 0 { throw .callFailed(function: function, status: status) }
    }
}

/// Calls `body` with the options as C strings.
private func withOptions(_ options: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Int32) -> Int32 {
    let memory = options.map { option in
        let bytes = Array(option.utf8CString)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        return copy
    }
    defer { for copy in memory { copy.deallocate() } }
    return memory.map { Optional(UnsafePointer($0)) }.withUnsafeBufferPointer(body)
}
