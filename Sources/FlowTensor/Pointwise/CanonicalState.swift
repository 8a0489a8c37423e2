internal import CFlowKernels

/// Runs `body` in the floating-point state that canonical arithmetic is defined for, and gives the thread its own state back: rounding, flushing,
/// traps and exception flags.
///
/// A host program may have set its processor to something else, or a library that it loaded: gcc before 13 lets every library built with `-ffast-math`
/// flush the numbers below the normal ones to zero, and threads inherit that from the thread that makes them. Whatever of this package computes canonical
/// numbers calls this first; a backend or a loop of somebody else's may too. It costs a few nanoseconds, and less than one where the state is right already.
@inline(never)
public func withCanonicalFloatingPoint<Result, Fault: Error>(_ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    let before = cflow_floating_point_begin()
    defer { cflow_floating_point_end(before) }
    return try body()
}

/// The pointwise kernels, for calls that are too small to set and restore a state each time.
enum PointwiseKernels {
    /// Calls `body` with the kernels in use, in the canonical state: at once where the thread is in it, as every part of a training step is.
    @inline(__always)
    static func call<Result, Fault: Error>(_ body: (cflow_pointwise) throws(Fault) -> Result) throws(Fault) -> Result {
        if cflow_floating_point_is_canonical() { return try body(cflow_pointwise_in_use().pointee) }
        return try withCanonicalFloatingPoint { () throws(Fault) in try body(cflow_pointwise_in_use().pointee) }
    }
}
