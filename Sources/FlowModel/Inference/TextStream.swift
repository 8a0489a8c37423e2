/// Turns the bytes of tokens into text as they come: characters are never cut, and text that may be the beginning of a
/// stop sequence is held back until that is clear.
struct TextStream: Sendable {
    private let stops: [[UInt8]]
    private var pending: [UInt8] = []
    /// The stop sequence that was found; after it nothing comes out any more.
    private(set) var foundStop: String?

    /// Bytes that came out, as they came in.
    private(set) var takenByteCount = 0

    /// - Parameter stopSequences: texts at which the output ends; they are not part of it. Empty ones are ignored.
    init(stopSequences: [String] = []) {
        stops = stopSequences.filter { !$0.isEmpty }.map { Array($0.utf8) }
    }

    /// Takes a token's bytes and returns the text that is certain now; perhaps none.
    mutating func append(_ bytes: some Sequence<UInt8>) -> String {
        guard foundStop == nil else { return "" }
        pending.append(contentsOf: bytes)
        if let (start, stop) = firstStop() {
            foundStop = String(decoding: stop, as: UTF8.self)
            pending.removeLast(pending.count - start)
            return flush()
        }
        let certain = pending.count - heldForStop()
        return take(certain - incompleteTail(certain))
    }

    /// What was held back; bytes that never became a character turn into U+FFFD.
    mutating func flush() -> String { take(pending.count) }

    private mutating func take(_ count: Int) -> String {
        guard count > 0 else { return "" }
        let text = String(decoding: pending[..<count], as: UTF8.self)
        pending.removeFirst(count)
        takenByteCount += count
        return text
    }

    private func firstStop() -> (start: Int, stop: [UInt8])? {
        for start in pending.indices {
            for stop in stops where pending[start...].starts(with: stop) { return (start, stop) }
        }
        return nil
    }

    /// Length of the longest end of the pending bytes that begins a stop sequence.
    private func heldForStop() -> Int {
        let longest = stops.reduce(0) { max($0, $1.count - 1) }
        for length in stride(from: min(longest, pending.count), to: 0, by: -1) {
            let tail = pending[(pending.count - length)...]
            if stops.contains(where: { $0.starts(with: tail) }) { return length }
        }
        return 0
    }

    /// Bytes at the end of the first `count` that begin a character which is not complete.
    private func incompleteTail(_ count: Int) -> Int {
        for back in 1...3 where back <= count {
            let byte = pending[count - back]
            if byte & 0xC0 == 0x80 { continue }
            switch byte {
            case 0xC2...0xDF: return back < 2 ? back : 0
            case 0xE0...0xEF: return back < 3 ? back : 0
            case 0xF0...0xF4: return back
            default: return 0
            }
        }
        return 0
    }
}
