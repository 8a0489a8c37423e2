/// Converts between binary32 and the storage types of GGUF.
///
/// The layouts and the arithmetic are those of ggml's reference code (MIT, the ggml authors), so a decoded value equals
/// what llama.cpp and PyPI's `gguf` compute.
public enum GGUFCodec {
    /// The types that ``decode(_:type:into:)`` knows.
    public static let decodable: [GGUFTensorType] = [
        .f32, .f16, .bf16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q6_K,
    ]
    /// The types that ``encode(_:type:into:)`` knows.
    public static let encodable: [GGUFTensorType] = [.f32, .f16, .bf16, .q4_0, .q8_0, .q4_K, .q6_K]

    /// Decodes whole blocks.
    ///
    /// - Parameters:
    ///   - source: a whole number of blocks of `type`, at any alignment.
    ///   - target: as many elements as `source` holds.
    /// - Throws: ``GGUFError/unsupportedConversion(type:encoding:)``, ``GGUFError/wrongLength(what:expected:actual:)``.
    public static func decode(
        _ source: UnsafeRawBufferPointer, type: GGUFTensorType, into target: UnsafeMutableBufferPointer<Float>
    ) throws(GGUFError) {
        guard decodable.contains(type) else { throw .unsupportedConversion(type: type, encoding: false) }
        let blocks = source.count / type.blockByteCount
        guard source.count % type.blockByteCount == 0 else {
            throw .wrongLength(
                what: "bytes of \(type)", expected: UInt64(blocks * type.blockByteCount), actual: UInt64(source.count))
        }
        guard target.count == blocks * type.blockLength else {
            throw .wrongLength(
                what: "elements of \(type)", expected: UInt64(blocks * type.blockLength), actual: UInt64(target.count))
        }
        guard blocks > 0, let input = source.baseAddress, let output = target.baseAddress else { return }
        switch type {
        case .f32: UnsafeMutableRawPointer(output).copyMemory(from: input, byteCount: source.count)
        case .f16: decodeF16(input, output, count: blocks)
        case .bf16: decodeBF16(input, output, count: blocks)
        case .q4_0: decodeQ4_0(input, output, blocks: blocks)
        case .q4_1: decodeQ4_1(input, output, blocks: blocks)
        case .q5_0: decodeQ5_0(input, output, blocks: blocks)
        case .q5_1: decodeQ5_1(input, output, blocks: blocks)
        case .q8_0: decodeQ8_0(input, output, blocks: blocks)
        case .q4_K: decodeQ4_K(input, output, blocks: blocks)
        case .q6_K: decodeQ6_K(input, output, blocks: blocks)
        default: throw .unsupportedConversion(type: type, encoding: false)
        }
    }

    /// Decodes whole blocks into a new array.
    public static func decode(_ source: UnsafeRawBufferPointer, type: GGUFTensorType) throws(GGUFError) -> [Float] {
        let count = source.count / type.blockByteCount * type.blockLength
        var result = [Float](repeating: 0, count: count)
        var failure: GGUFError?
        result.withUnsafeMutableBufferPointer { target in
            do throws(GGUFError) { try decode(source, type: type, into: target) } catch { failure = error }
        }
        if let failure { throw failure }
        return result
    }

    /// Encodes whole blocks.
    ///
    /// - Parameters:
    ///   - source: a whole number of blocks of elements.
    ///   - target: as many bytes as the elements take, at any alignment.
    /// - Throws: ``GGUFError/unrepresentable(type:element:value:)`` for an infinity or an undefined value in a block
    ///   type, or a block whose scale overflows binary16; otherwise as for decoding.
    public static func encode(
        _ source: UnsafeBufferPointer<Float>, type: GGUFTensorType, into target: UnsafeMutableRawBufferPointer
    ) throws(GGUFError) {
        guard encodable.contains(type) else { throw .unsupportedConversion(type: type, encoding: true) }
        guard let bytes = type.byteCount(elements: source.count) else {
            throw .wrongLength(
                what: "elements of \(type)", expected: UInt64(source.count / type.blockLength * type.blockLength),
                actual: UInt64(source.count))
        }
        guard target.count == bytes else {
            throw .wrongLength(what: "bytes of \(type)", expected: UInt64(bytes), actual: UInt64(target.count))
        }
        guard bytes > 0, let input = source.baseAddress, let output = target.baseAddress else { return }
        let blocks = source.count / type.blockLength
        if type.blockLength > 1 {
            // Far above what any block type holds; below it no sum in an encoder overflows.
            if let bad = source.firstIndex(where: { !($0.magnitude <= 1e9) }) {
                throw .unrepresentable(type: type, element: bad, value: source[bad])
            }
        }
        var overflowingBlock: Int?
        switch type {
        case .f32: output.copyMemory(from: UnsafeRawPointer(input), byteCount: bytes)
        case .f16: encodeF16(input, output, count: blocks)
        case .bf16: encodeBF16(input, output, count: blocks)
        case .q4_0: overflowingBlock = encodeQ4_0(input, output, blocks: blocks)
        case .q8_0: overflowingBlock = encodeQ8_0(input, output, blocks: blocks)
        case .q4_K: overflowingBlock = encodeQ4_K(input, output, blocks: blocks)
        case .q6_K: overflowingBlock = encodeQ6_K(input, output, blocks: blocks)
        default: throw .unsupportedConversion(type: type, encoding: true)
        }
        if let block = overflowingBlock {
            let start = block * type.blockLength
            let largest = (start..<(start + type.blockLength)).max { input[$0].magnitude < input[$1].magnitude } ?? start
            throw .unrepresentable(type: type, element: largest, value: input[largest])
        }
    }

    /// Encodes whole blocks into a new array.
    public static func encode(_ source: [Float], type: GGUFTensorType) throws(GGUFError) -> [UInt8] {
        guard let count = type.byteCount(elements: source.count) else {
            throw .wrongLength(
                what: "elements of \(type)", expected: UInt64(source.count / type.blockLength * type.blockLength),
                actual: UInt64(source.count))
        }
        var result = [UInt8](repeating: 0, count: count)
        var failure: GGUFError?
        result.withUnsafeMutableBytes { target in
            source.withUnsafeBufferPointer { source in
                do throws(GGUFError) { try encode(source, type: type, into: target) } catch { failure = error }
            }
        }
        if let failure { throw failure }
        return result
    }
}

extension GGUFTensorType {
    /// Whether this library converts the type to binary32.
    public var isDecodable: Bool { GGUFCodec.decodable.contains(self) }
}
