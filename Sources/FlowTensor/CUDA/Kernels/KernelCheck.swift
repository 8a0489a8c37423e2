/// Compares a device's kernels with the processor's canonical operations bit for bit, or throws what differs.
///
/// Ordinary numbers, denormals, zeros of either sign, large ones; ties, numbers at the clamps; lengths with and without a rest; what the quantiser
/// refuses. A driver or device that contracts, flushes denormals or rounds otherwise refuses itself here.
///
/// - Parameter seed: of the numbers; the lengths and the special numbers are the same for all.
func checkDeviceKernels(_ kernels: DeviceKernels, seed: UInt32 = 2026) throws(CUDAFault) {
    try withCanonicalFloatingPoint { () throws(CUDAFault) in try KernelCheck(kernels: kernels, seed: seed).run() }
}

struct KernelCheck {
    let kernels: DeviceKernels
    let seed: UInt32

    /// Lengths of rows: with a rest of sixteen and without, shorter than sixteen, a vocabulary.
    static let lengths = [1, 15, 16, 37, 96, 258]

    /// Runs one comparison with memory of its own.
    func compare(_ operation: String, _ body: (KernelCheckMemory) throws(CUDAFault) -> Void) throws(CUDAFault) {
        let memory = KernelCheckMemory(kernels.device)
        try body(memory)
        try memory.expectMargins(operation)
    }

    func run() throws(CUDAFault) {
        try environment()
        try quantisers()
        try columns()
        try products()
        try layers()
        try attention()
        try experts()
        try training()
    }

    // MARK: Numbers

    /// Numbers whose results stay finite in every operation; `list` chooses which.
    func numbers(_ count: Int, list: Int) -> [Float] {
        (0..<count).map { index in
            let word = word(index, list)
            switch word.0 % 10 {
            case 0: return Float(bitPattern: word.1 & 0x807F_FFFF)
            case 1: return Float(bitPattern: (word.1 & 0x807F_FFFF) | 0x2000_0000)
            case 2: return Float(bitPattern: (word.1 & 0x807F_FFFF) | 0x4480_0000)
            case 3: return Float(bitPattern: word.1 & 0x8000_0000)
            default: return Float(Int32(bitPattern: word.1)) * 0x1p-29
            }
        }
    }

    func integers(_ count: Int, list: Int, in range: ClosedRange<Int>) -> [Int] {
        (0..<count).map { range.lowerBound + Int(word($0, list).1) % range.count }
    }

    func exponents(_ count: Int, list: Int) -> [Int32] { integers(count, list: list, in: -60...40).map { Int32($0) } }

    private func word(_ index: Int, _ list: Int) -> (UInt32, UInt32, UInt32, UInt32) {
        Philox.block(counter: (UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: list), 0, 0), key: (seed, 11))
    }

    // MARK: The device's floating point

    /// Gradual underflow and rounding half to even, by known answers: `x · 2^1` and sums through `add`.
    func environment() throws(CUDAFault) {
        // A denormal sum, a tie to even down and up, the smallest numbers, opposite zeros.
        let cases: [(a: UInt32, b: UInt32, sum: UInt32)] = [
            (0x0000_0001, 0x0000_0001, 0x0000_0002), (0x0080_0000, 0x8000_0001, 0x007F_FFFF), (0x3F80_0000, 0x3380_0000, 0x3F80_0000),
            (0x3F80_0001, 0x3380_0000, 0x3F80_0002), (0xBF80_0001, 0xB380_0000, 0xBF80_0002), (0x0000_0000, 0x8000_0000, 0x0000_0000),
            (0x8000_0000, 0x8000_0000, 0x8000_0000), (0x7F7F_FFFF, 0x7380_0000, 0x7F80_0000), (0x3F80_0000, 0xBF80_0000, 0x0000_0000),
        ]
        try compare("addition") { memory throws(CUDAFault) in
            let a = try memory.put(cases.map(\.a)), b = try memory.put(cases.map(\.b)), c = try memory.floats(cases.count)
            try kernels.add(a, b, count: cases.count, into: c)
            try memory.expect(cases.map(\.sum), at: c, "addition")
        }
    }
}
