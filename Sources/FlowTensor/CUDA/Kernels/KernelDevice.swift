/// An address in a device's memory; 0 is none.
typealias DevicePointer = UInt64

/// Something that runs the kernels of ``KernelSource``: a GPU, or a processor in the tests.
///
/// Calls run in their order. Not for several threads at once.
protocol KernelDevice: AnyObject, Sendable {
    /// At least one byte, on a boundary of 256 bytes.
    func allocate(_ bytes: Int) throws(CUDAFault) -> DevicePointer
    func free(_ pointer: DevicePointer)
    /// Sets bytes to one value.
    func fill(_ pointer: DevicePointer, _ byte: UInt8, count: Int) throws(CUDAFault)
    /// The host's memory may be used again when it returns.
    func upload(_ bytes: UnsafeRawBufferPointer, to pointer: DevicePointer) throws(CUDAFault)
    /// Waits for all that was asked for before.
    func download(_ pointer: DevicePointer, into bytes: UnsafeMutableRawBufferPointer) throws(CUDAFault)
    /// - Parameter arguments: one word each, a binary32 number in its lower half.
    func launch(_ kernel: Kernel, _ grid: LaunchGrid, _ arguments: [UInt64]) throws(CUDAFault)
}

/// Blocks and threads of a launch.
struct LaunchGrid: Sendable {
    var blocks: (x: Int, y: Int)
    var threads: (x: Int, y: Int)

    /// A thread for each of n elements.
    static func elements(_ n: Int) -> LaunchGrid { LaunchGrid(blocks: (pieces(n, 256), 1), threads: (256, 1)) }

    /// Threads that walk through each of several lists of n elements.
    static func strided(_ n: Int, lists: Int = 1) -> LaunchGrid {
        LaunchGrid(blocks: (min(pieces(n, 256), max(2_048 / max(lists, 1), 1)), lists), threads: (256, 1))
    }

    /// Sixteen threads for each row.
    static func rows(_ rows: Int) -> LaunchGrid {
        LaunchGrid(blocks: (pieces(rows, KernelSource.rowsPerBlock), 1), threads: (16, KernelSource.rowsPerBlock))
    }

    /// A block for each row.
    static func rowBlocks(_ rows: Int) -> LaunchGrid { LaunchGrid(blocks: (rows, 1), threads: (128, 1)) }

    /// A thread for each column and run of rows.
    static func columns(_ columns: Int, rows: Int) -> LaunchGrid {
        LaunchGrid(blocks: (pieces(rows, KernelSource.rowsPerChunk), pieces(columns, 128)), threads: (128, 1))
    }

    private static func pieces(_ n: Int, _ size: Int) -> Int { (n + size - 1) / size }
}
