internal import Synchronization

/// Exact integer products on an NVIDIA GPU: cuBLAS with 8-bit operands and 32-bit sums, found at run time.
///
/// Nothing of CUDA is needed to build or to start: the libraries are loaded with `dlopen` when ``obstacle`` is first asked or the first product
/// runs. Operands go to the device through page-locked memory. Where NVRTC is there and the device's kernels pass their check, the device
/// rounds and scales the exact sums and results come back; otherwise the sums come back and the one rounding happens here
/// (``kernelObstacle`` says why). Numbers above 8 bits are cut into digits, so every width is exact. A call of the device that fails later (a
/// device that was reset, say) does not end training: the products are computed by the processor's own kernels, with the same bits, and
/// ``obstacle`` says what happened.
///
/// Every product pays its way to the device and back, so a processor of today trains faster; what it is good for is shown in the documentation of the
/// module, with what was run on which GPU.
public struct CUBLASBackend: MatrixBackend {
    public let name = "cublas"
    private let core: Core

    /// The first device, opened when it is needed. All backends of a process share it and its lock.
    public init() { core = .first }

    /// - Parameter device: stands in for the GPU.
    init(device: some ByteProductDevice) { core = Core { .success(device) } }

    public var obstacle: String? { core.obstacle }

    /// The device's name, for logs; nil where there is none.
    public static var deviceName: String? { (try? CUBLASDevice.first.get())?.name }

    /// Why the device's own kernels are not used, for people; nil where they are. Products run without them too.
    public static var kernelObstacle: String? {
        switch CUBLASDevice.first {
        case .success(let device): device.kernelFault?.description
        case .failure(let fault): fault.description
        }
    }

    /// NVIDIA's libraries load others when they are first needed, which may leave another floating-point state behind.
    public func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        withCanonicalFloatingPoint { core.execute(products, pool: pool) }
    }
}

/// One device and the fault that stopped it, behind a lock.
private final class Core: Sendable {
    private struct State: ~Copyable {
        var fault: CUDAFault?
    }

    static let first = Core { CUBLASDevice.first.map { $0 } }

    private let open: @Sendable () -> Result<any ByteProductDevice, CUDAFault>
    private let state = Mutex(State(fault: nil))
    /// Staged input above which a call is cut into several.
    private static let stagedBytes = 256 << 20

    init(open: @escaping @Sendable () -> Result<any ByteProductDevice, CUDAFault>) { self.open = open }

    var obstacle: String? {
        if case .failure(let fault) = open() { return fault.description }
        return state.withLock { $0.fault?.description }
    }

    func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        var waiting: [PackedProduct] = []
        for product in products where product.m > 0 && product.n > 0 {
            if product.k > 0 {
                waiting.append(PackedProduct(product))
            } else {
                for row in 0..<product.m { (product.output + row * product.outputStride).update(repeating: 0, count: product.n) }
            }
        }
        var start = 0
        while start < waiting.count {
            var end = start
            var work = ByteWork()
            while end < waiting.count, end == start || work.inputBytes + waiting[end].inputBytes <= Self.stagedBytes {
                waiting[end].inputOffset = work.inputBytes
                waiting[end].sumOffset = work.sumBytes
                waiting[end].outputOffset = work.outputBytes
                work.inputBytes += waiting[end].inputBytes
                work.sumBytes += waiting[end].sumBytes
                work.outputBytes += waiting[end].resultBytes
                end += 1
            }
            let group = Array(waiting[start..<end])
            work.products = group.flatMap(\.byteProducts)
            if !onDevice(group, work, pool) { SIMDBackend().execute(group.map(\.product), pool: pool) }
            start = end
        }
    }

    /// False where the device cannot.
    private func onDevice(_ group: [PackedProduct], _ asked: ByteWork, _ pool: ThreadPool) -> Bool {
        guard case .success(let device) = open() else { return false }
        return state.withLock { state in
            if state.fault != nil { return false }
            var work = asked
            if device.rescales { work.rescales = group.map(\.rescale) } else { work.outputBytes = work.sumBytes }
            do throws(CUDAFault) {
                let staged = try device.stage(inputBytes: work.inputBytes, outputBytes: work.outputBytes)
                pool.run(group.count) { group[$0].pack(into: staged.input) }
                try device.run(work)
                // Whole products where there are enough for all threads, their rows otherwise.
                if group.count >= pool.threads {
                    pool.run(group.count) { group[$0].finish(0..<group[$0].product.m, from: staged.output, rescaled: device.rescales) }
                } else {
                    for packed in group {
                        let split = WorkSplit(items: packed.product.m, costPerItem: packed.product.n, pool: pool)
                        pool.run(split.tasks) { packed.finish(split.range($0), from: staged.output, rescaled: device.rescales) }
                    }
                }
                return true
            } catch {
                state.fault = error
                return false
            }
        }
    }
}
