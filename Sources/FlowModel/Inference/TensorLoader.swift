internal import FlowGGUF
internal import FlowTensor

/// Takes tensors from a file by name, checks their shapes, and remembers which were taken.
struct TensorLoader {
    let file: GGUFFile
    private(set) var norms: [FloatBuffer] = []
    private var used = 0

    init(file: GGUFFile) { self.file = file }

    /// The matrix `name.weight`, or `count` of them in one tensor.
    mutating func matrix(
        _ name: String, columns: Int, rows: Int, count: Int? = nil
    ) throws(GGUFError) -> WeightMatrix {
        let shape = [columns, rows] + (count.map { [$0] } ?? [])
        let tensor = try take(name, shape)
        guard tensor.type.isDecodable, let base = try file.bytes(of: tensor).baseAddress else {
            throw .unsupportedConversion(type: tensor.type, encoding: false)
        }
        return WeightMatrix(
            base: base, type: tensor.type, rows: rows, columns: columns, rowByteCount: tensor.rowByteCount)
    }

    /// The vector `name.weight`, decoded.
    mutating func norm(_ name: String, _ count: Int) throws(GGUFError) -> UnsafePointer<Float> {
        let tensor = try take(name, [count])
        let buffer = FloatBuffer(capacity: count)
        let bytes = try file.bytes(of: tensor)
        try withCanonicalFloatingPoint { () throws(GGUFError) in
            try GGUFCodec.decode(
                bytes, type: tensor.type, into: UnsafeMutableBufferPointer(start: buffer.pointer, count: count))
        }
        norms.append(buffer)
        return UnsafePointer(buffer.pointer)
    }

    private mutating func take(_ name: String, _ shape: [Int]) throws(GGUFError) -> GGUFTensorInfo {
        guard let tensor = file.tensor(name + ".weight") else { throw .missingTensor(name + ".weight") }
        guard tensor.dimensions == shape else {
            throw .unexpectedTensor(
                tensor: tensor.name, expected: "the shape \(shape)", actual: tensor.summary, offset: tensor.fileOffset)
        }
        used += 1
        return tensor
    }

    /// A tensor that nobody took would change what the model says: better to refuse the file than to leave it out.
    func checkAllUsed() throws(GGUFError) {
        guard used != file.tensors.count else { return }
        let known = file.tensors.first { !Self.isKnown($0.name) } ?? file.tensors[0]
        throw .unexpectedTensor(
            tensor: known.name, expected: "no tensor of this name in the architecture", actual: known.summary,
            offset: known.fileOffset)
    }

    private static func isKnown(_ name: String) -> Bool {
        let parts = name.split(separator: ".").map(String.init)
        let known: Set<String> = [
            "token_embd", "output_norm", "output", "rope_freqs", "attn_norm", "attn_q", "attn_k", "attn_v",
            "attn_q_norm", "attn_k_norm", "attn_output", "ffn_norm", "ffn_gate_inp", "ffn_gate_exps", "ffn_up_exps",
            "ffn_down_exps", "ffn_gate", "ffn_up", "ffn_down",
        ]
        return parts.count >= 2 && parts.last == "weight" && known.contains(parts[parts.count - 2])
    }
}
