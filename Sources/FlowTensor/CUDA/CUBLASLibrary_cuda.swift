/// The functions of cuBLAS that the backend uses (cuBLAS library documentation, `cublasGemmEx`).
struct CUBLASLibrary: Sendable {
    typealias Handle = UnsafeMutableRawPointer

    private let create: @convention(c) (UnsafeMutablePointer<Handle?>) -> Int32
    private let destroy: @convention(c) (Handle?) -> Int32
    private let setStream: @convention(c) (Handle?, Handle?) -> Int32
    private let gemm:
        @convention(c) (
            Handle?, Int32, Int32, Int32, Int32, Int32, UnsafeRawPointer, UnsafeRawPointer, Int32, Int32, UnsafeRawPointer, Int32, Int32,
            UnsafeRawPointer, UnsafeMutableRawPointer, Int32, Int32, Int32, Int32
        ) -> Int32

    init() throws(CUDAFault) {
        let library = try DynamicLibrary(["libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"])
        create = try library.function("cublasCreate_v2")
        destroy = try library.function("cublasDestroy_v2")
        setStream = try library.function("cublasSetStream_v2")
        gemm = try library.function("cublasGemmEx")
    }

    /// A handle for the device's primary context. On a machine without a driver or device this is what fails.
    func makeHandle() throws(CUDAFault) -> Handle {
        var handle: Handle?
        let status = create(&handle)
        guard status == 0, let handle else { throw .callFailed(function: "cublasCreate_v2", status: status) }
        return handle
    }

    func destroyHandle(_ handle: Handle) { _ = destroy(handle) }

    func use(_ stream: Handle?, _ handle: Handle) throws(CUDAFault) {
        let status = setStream(handle, stream)
        if status != 0 { throw .callFailed(function: "cublasSetStream_v2", status: status) }
    }

    /// C[m,n] = Σ_k A[m,k]·B[n,k], row-major, 8-bit integers to 32-bit sums, as device addresses.
    ///
    /// cuBLAS is column-major, so it is asked for Cᵀ[n,m] = Bᵀ·A with its first operand transposed: the one layout of operands that all
    /// of its 8-bit kernels take. Leading dimensions are multiples of four.
    func multiply(_ handle: Handle, m: Int, n: Int, k: Int, a: UInt64, b: UInt64, c: UInt64) throws(CUDAFault) {
        guard let left = UnsafeRawPointer(bitPattern: UInt(b)), let right = UnsafeRawPointer(bitPattern: UInt(a)),
            let output = UnsafeMutableRawPointer(bitPattern: UInt(c))
        else { throw .callFailed(function: "cublasGemmEx without memory", status: 7) }
        let (transposed, plain): (Int32, Int32) = (1, 0)
        let (bytes, sums): (Int32, Int32) = (3, 10)  // CUDA_R_8I, CUDA_R_32I
        let (compute, algorithm): (Int32, Int32) = (72, -1)  // CUBLAS_COMPUTE_32I, CUBLAS_GEMM_DEFAULT
        var one: Int32 = 1, zero: Int32 = 0
        let status = gemm(
            handle, transposed, plain, Int32(n), Int32(m), Int32(k), &one, left, bytes, Int32(k), right, bytes, Int32(k), &zero, output,
            sums, Int32(n), compute, algorithm)
        if status != 0 { throw .callFailed(function: "cublasGemmEx of \(m) × \(n) × \(k)", status: status) }
    }
}
