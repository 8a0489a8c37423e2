internal import FlowTensor

/// Aligned memory of a size that is settled when it is made: its address is a constant, so reading it costs nothing.
///
/// What a trainer's layers need is made of these, so that no step allocates it.
final class FixedBuffer<Element: BitwiseCopyable> {
    let count: Int
    let pointer: UnsafeMutablePointer<Element>
    private let memory: AlignedBuffer<Element>

    /// `count` elements of zero bits, or of undefined ones where the caller writes them all at once.
    init(_ count: Int, zeroed: Bool = true) {
        self.count = count
        memory = AlignedBuffer(capacity: count)
        if zeroed { memory.zero() }
        pointer = memory.pointer
    }
}
