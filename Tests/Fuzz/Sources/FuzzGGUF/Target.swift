import FlowGGUF
import FlowModel

// The functions that libFuzzer looks for. Everything that a file's bytes can reach is run: the container, the checks of
// a model, the decoders, the tokenizer and the loader of the inference engine. No input may end the process, take longer
// than -timeout, or make FlowGGUF ask for more memory at once than twice the file.

@_cdecl("LLVMFuzzerInitialize")
public func initialise(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>
) -> CInt {
    // What is made once (tables, metadata of types) is made before anything is measured.
    for file in Seeds.files { read(file.bytes) }
    Measurements.begin()
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // An array of its own, so that a read beyond the end is one that AddressSanitizer sees.
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    Measurements.measure(byteCount: count) { read(bytes) }
    return 0
}

/// Half of the inputs are broken where it hurts, half as libFuzzer breaks them, guided by coverage.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ capacity: Int, _ seed: UInt32) -> Int {
    if seed % 2 == 0 {
        Measurements.next = .coverageGuided
        return mutateBytes(data, count, capacity)
    }
    Measurements.next = .structureAware
    var mutator = FileMutator(seed: UInt64(seed) | UInt64(Measurements.runs) << 32)
    var file: FileMutator.File
    switch seed / 2 % 4 {
    case 0: file = Seeds.files[Int(seed / 8) % Seeds.files.count]
    case 1:
        // A file of the corpus, if its fields can be found.
        let bytes = Array(UnsafeBufferPointer(start: data, count: count))
        file = FileMutator.File(locating: bytes) ?? mutator.valid()
    default: file = mutator.valid()
    }
    mutator.mutate(&file)
    let length = min(file.bytes.count, capacity)
    for index in 0..<length { data[index] = file.bytes[index] }
    return length
}

@_silgen_name("LLVMFuzzerMutate")
private func mutateBytes(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ capacity: Int) -> Int

private func read(_ bytes: [UInt8]) {
    let file: GGUFFile
    do throws(GGUFError) {
        file = try Measurements.watchingAllocations {() throws(GGUFError) in
            let file = try GGUFFile(bytes: bytes)
            for entry in file.metadata { use(entry) }
            return file
        }
        try Measurements.watchingAllocations { () throws(GGUFError) in try decode(file) }
        try Measurements.watchingAllocations { () throws(GGUFError) in try file.checkModel(weights: true) }
        let model = try InferenceModel(file: file)
        _ = model.tokenizer.encode("a fox, 12 times: \u{E9}\u{1F98A}")
    } catch {
        precondition(!"\(error)".isEmpty)
    }
}

private func use(_ entry: GGUFMetadata.Entry) {
    var total = entry.key.utf8.count &+ (entry.value.integer ?? 0)
    if let strings = entry.value.strings { for index in strings.indices { total &+= strings.bytes(at: index).count } }
    if let integers = entry.value.array?.integers { total &+= integers.count }
    precondition(total != Int.min + 1)
}

/// The first and the last row of each tensor, in pieces of fixed size.
private func decode(_ file: GGUFFile) throws(GGUFError) {
    for tensor in file.tensors where tensor.type.isDecodable && tensor.elementCount > 0 {
        guard tensor.rowLength <= 2_048 else { continue }
        _ = try file.floats(of: tensor, rows: 0..<1)
        _ = try file.floats(of: tensor, rows: (tensor.rowCount - 1)..<tensor.rowCount)
    }
}
