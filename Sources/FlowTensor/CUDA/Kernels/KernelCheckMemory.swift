/// Memory of a device for one comparison: every piece stands between bytes that must stay as they are, and is given back at the end.
final class KernelCheckMemory {
    private static let margin = 256
    private static let canary: UInt8 = 0x5A

    private let device: any KernelDevice
    private var pieces: [(start: DevicePointer, bytes: Int)] = []

    init(_ device: any KernelDevice) { self.device = device }

    deinit { for piece in pieces { device.free(piece.start) } }

    /// Room for some bytes, filled with a pattern.
    func room(_ bytes: Int) throws(CUDAFault) -> DevicePointer {
        let whole = bytes + 2 * Self.margin
        let start = try device.allocate(whole)
        pieces.append((start, bytes))
        try device.fill(start, Self.canary, count: whole)
        return start + UInt64(Self.margin)
    }

    func floats(_ count: Int) throws(CUDAFault) -> DevicePointer { try room(4 * count) }

    /// A word of zero, for faults.
    func zero() throws(CUDAFault) -> DevicePointer { try put([UInt32(0)]) }

    func put<Value: BitwiseCopyable>(_ values: [Value]) throws(CUDAFault) -> DevicePointer {
        let bytes = Self.bytes(values)
        let pointer = try room(bytes.count)
        try Self.withBytes(bytes) { (bytes) throws(CUDAFault) in try device.upload(bytes, to: pointer) }
        return pointer
    }

    /// Compares a result with what the processor found, bit for bit.
    func expect<Value: BitwiseCopyable>(_ expected: [Value], at pointer: DevicePointer, _ operation: String) throws(CUDAFault) {
        let expected = Self.bytes(expected)
        let actual = try get(pointer, expected.count)
        guard let byte = expected.indices.first(where: { expected[$0] != actual[$0] }) else { return }
        func word(_ bytes: [UInt8]) -> UInt32 {
            var word: UInt32 = 0
            for place in 0..<4 where byte / 4 * 4 + place < bytes.count { word |= UInt32(bytes[byte / 4 * 4 + place]) << UInt32(8 * place) }
            return word
        }
        throw .wrongKernel(operation: operation, word: byte / 4, expected: word(expected), actual: word(actual))
    }

    /// What stands around the pieces must be as it was.
    func expectMargins(_ operation: String) throws(CUDAFault) {
        for piece in pieces {
            let before = try get(piece.start, Self.margin)
            let after = try get(piece.start + UInt64(Self.margin + piece.bytes), Self.margin)
            if (before + after).contains(where: { $0 != Self.canary }) { throw .kernelWroteOutside(operation: operation) }
        }
    }

    private func get(_ pointer: DevicePointer, _ count: Int) throws(CUDAFault) -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { memory.deallocate() }
        try device.download(pointer, into: memory)
        return [UInt8](memory)
    }

    private static func bytes<Value: BitwiseCopyable>(_ values: [Value]) -> [UInt8] { values.withUnsafeBytes { [UInt8]($0) } }

    private static func withBytes(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(CUDAFault) -> Void
    ) throws(CUDAFault) {
        var fault: CUDAFault?
        bytes.withUnsafeBytes { bytes in
            do throws(CUDAFault) { try body(bytes) } catch { fault = error }
        }
        if let fault { throw fault }
    }
}
