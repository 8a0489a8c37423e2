/// Memory for the gradients of a contiguous run of tensors: one layer without its experts, or the head, or the embedding.
///
/// The gradients of a group are applied as soon as they are complete, so the trainer needs memory for one group only. Experts' matrices are
/// applied one by one (``GradientSink``).
struct GradientGroup {
    /// The first element's memory.
    let base: UnsafeMutablePointer<Float>
    /// The run of elements of the state that the group covers.
    let range: Range<Int>

    /// Where the gradient of the tensor that starts at `offset` in the state belongs.
    func tensor(_ offset: Int) -> UnsafeMutablePointer<Float> { base + (offset - range.lowerBound) }
}
