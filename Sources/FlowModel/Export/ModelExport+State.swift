public import FlowGGUF

extension ModelExport {
    /// Streams the weights of `state` into `sink`.
    ///
    /// - Parameter isCancelled: asked between pieces of some million elements; true ends the call with
    ///   ``GGUFError/cancelled``.
    /// - Throws: ``GGUFError/wrongLength(what:expected:actual:)`` when `state` has other sizes than this export.
    public func write<Sink: GGUFSink>(
        _ state: ModelState, to sink: Sink, isCancelled: () -> Bool = { false }
    ) throws(GGUFError) -> Sink {
        guard state.configuration.tensors == configuration.tensors else {
            throw .wrongLength(
                what: "weights of the model", expected: UInt64(configuration.parameterCount),
                actual: UInt64(state.count))
        }
        return try write(to: sink) { (tensor, append) throws(GGUFError) in
            try state.withUnsafeElements { (elements) throws(GGUFError) in
                let all = UnsafeBufferPointer(rebasing: elements[tensor.range])
                let rowLength = max(1, tensor.shape.last ?? 1)
                let step = max(1, (1 << 20) / rowLength) * rowLength
                for start in stride(from: 0, to: all.count, by: step) {
                    if isCancelled() { throw .cancelled }
                    try append(UnsafeBufferPointer(rebasing: all[start..<min(start + step, all.count)]))
                }
            }
        }
    }

    /// Writes the weights of `state` to the file at `path`. It replaces what was there in one step, when complete and
    /// on disk; when anything fails, what was there stays.
    ///
    /// - Throws: ``GGUFError/system(operation:path:code:message:)`` for a full disk or a folder that is not there.
    public func write(
        _ state: ModelState, toFile path: String, isCancelled: () -> Bool = { false }
    ) throws(GGUFError) {
        _ = try write(state, to: GGUFFileSink(path: path), isCancelled: isCancelled)
    }
}
