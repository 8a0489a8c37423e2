/// Reusable memory on a 64-byte boundary. It grows and never shrinks, so a step that asks for the same sizes again allocates nothing.
///
/// The contents are undefined after `reserve` had to grow; `zero()` clears them. One writer at a time is the caller's duty.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    /// Elements that fit.
    public private(set) var capacity: Int
    /// The first element; valid until the next `reserve` that grows.
    public private(set) var pointer: UnsafeMutablePointer<Element>

    public static var alignment: Int { 64 }

    public init(capacity: Int = 0) {
        self.capacity = max(capacity, 0)
        pointer = Self.allocate(self.capacity)
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }

    /// Makes room for `count` elements and returns the first. Older pointers are invalid if the buffer had to grow.
    @discardableResult
    public func reserve(_ count: Int) -> UnsafeMutablePointer<Element> {
        if count > capacity {
            UnsafeMutableRawPointer(pointer).deallocate()
            capacity = count
            pointer = Self.allocate(count)
        }
        return pointer
    }

    /// Sets every byte to zero.
    public func zero() {
        UnsafeMutableRawPointer(pointer).initializeMemory(
            as: UInt8.self, repeating: 0, count: capacity * MemoryLayout<Element>.stride)
    }

    private static func allocate(_ count: Int) -> UnsafeMutablePointer<Element> {
        let bytes = max(count, 1) * MemoryLayout<Element>.stride
        let rounded = (bytes + alignment - 1) / alignment * alignment
        let memory = UnsafeMutableRawPointer.allocate(byteCount: rounded, alignment: max(alignment, LargePages.alignment(for: rounded)))
        LargePages.advise(memory, byteCount: rounded)
        return memory.bindMemory(to: Element.self, capacity: max(count, 1))
    }
}

/// Reusable, aligned memory for binary32 numbers.
public typealias FloatBuffer = AlignedBuffer<Float>
