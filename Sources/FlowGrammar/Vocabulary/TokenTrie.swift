/// A vocabulary as a tree of bytes, so that tokens with one beginning are tried once.
public final class TokenTrie: Sendable {
    private struct Node {
        var byte: UInt8
        /// Where the nodes that do not stand under this one go on.
        var end: Int32
        var tokens: [Int32]
    }

    /// Tokens of whole characters that need no escape in a JSON string; nodes of all tokens, and of all others, in depth-first order.
    private let plain: TokenMask
    private let all: [Node]
    private let others: [Node]
    /// The size of the vocabulary.
    public let count: Int

    /// - Parameter tokens: the bytes of each token; empty for control tokens, which are never allowed.
    public init(tokens: [[UInt8]]) {
        count = tokens.count
        var plain = TokenMask(count: tokens.count)
        var rest: [Int] = []
        for (token, bytes) in tokens.enumerated() where !bytes.isEmpty { if Self.isPlain(bytes) { plain.insert(token) } else { rest.append(token) } }
        self.plain = plain
        all = Self.nodes(tokens, Array(tokens.indices.filter { !tokens[$0].isEmpty }))
        others = Self.nodes(tokens, rest)
    }

    private static func isPlain(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") } && String(validating: bytes, as: UTF8.self) != nil
    }

    private static func nodes(_ tokens: [[UInt8]], _ chosen: [Int]) -> [Node] {
        let sorted = chosen.sorted { tokens[$0].lexicographicallyPrecedes(tokens[$1]) }
        var nodes: [Node] = []
        var path: [Int] = []
        var last: [UInt8] = []
        for token in sorted {
            let bytes = tokens[token]
            let shared = zip(last, bytes).prefix { $0 == $1 }.count
            while path.count > shared { nodes[path.removeLast()].end = Int32(nodes.count) }
            for byte in bytes[shared...] {
                path.append(nodes.count)
                nodes.append(Node(byte: byte, end: 0, tokens: []))
            }
            if let node = path.last { nodes[node].tokens.append(Int32(token)) }
            last = bytes
        }
        while let node = path.popLast() { nodes[node].end = Int32(nodes.count) }
        return nodes
    }

    /// The tokens after which a text of the grammar can still be brought to an end.
    public func mask(_ state: GrammarState) -> TokenMask {
        if case .json(let json) = state.kind, json.freeString {
            var mask = plain
            walk(others, state, &mask)
            return mask
        }
        var mask = TokenMask(count: count)
        walk(all, state, &mask)
        return mask
    }

    private func walk(_ nodes: [Node], _ start: GrammarState, _ mask: inout TokenMask) {
        var states: [(state: GrammarState, end: Int32)] = [(start, Int32(nodes.count))]
        var index = 0
        while index < nodes.count {
            while let top = states.last, top.end <= Int32(index), states.count > 1 { states.removeLast() }
            guard let state = states.last?.state, let next = state.advanced(by: nodes[index].byte) else {
                index = Int(nodes[index].end)
                continue
            }
            for token in nodes[index].tokens { mask.insert(Int(token)) }
            states.append((next, nodes[index].end))
            index += 1
        }
    }
}
