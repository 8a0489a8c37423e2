// The functions that libFuzzer looks for. The bytes of an input are a program for one connection (PeerProgram.swift): pieces of
// its stream, whole messages with right checksums, time, requests. No input may end the process, and what must hold whatever a
// peer does is checked after every step.

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // An array of its own, so that a read beyond the end is one that AddressSanitizer sees.
    var program = PeerProgram(Array(UnsafeBufferPointer(start: start, count: count)))
    let faults = program.run()
    precondition(faults.isEmpty, "\(faults)")
    return 0
}
