/// Joins neighbouring pieces of a text, at each time the pair with the lowest rank (the leftmost of equals), until no
/// pair joins. With a heap this takes n·log n steps for n pieces.
struct PairMerger {
    /// A run of bytes; its length is 0 once it was joined to the piece before it.
    struct Piece {
        var token: Int32
        var start: Int
        var length: Int
        fileprivate var previous = -1
        fileprivate var next = -1

        /// - Parameter token: the piece's token, or -1 when the vocabulary has none.
        init(token: Int32, start: Int, length: Int) {
            self.token = token
            self.start = start
            self.length = length
        }
    }

    private struct Candidate {
        var rank: UInt32
        var token: Int32
        var left: Int
        var right: Int
        /// Of both together: as both only grow, it tells whether they are still what they were.
        var length: Int

        func precedes(_ other: Candidate) -> Bool {
            rank < other.rank || (rank == other.rank && left < other.left)
        }
    }

    private(set) var pieces: [Piece] = []
    private var heap: [Candidate] = []

    mutating func removeAll() { pieces.removeAll(keepingCapacity: true) }

    mutating func append(_ piece: Piece) { pieces.append(piece) }

    /// - Parameter join: rank and token of two pieces together, if they join.
    mutating func merge(_ join: (Piece, Piece) -> (rank: UInt32, token: Int32)?) {
        guard pieces.count > 1 else { return }
        for index in pieces.indices {
            pieces[index].previous = index - 1
            pieces[index].next = index + 1 < pieces.count ? index + 1 : -1
        }
        for index in 1..<pieces.count { consider(index - 1, index, join) }
        while let best = popFirst() {
            let right = pieces[best.right]
            guard pieces[best.left].length > 0, right.length > 0,
                pieces[best.left].length + right.length == best.length
            else { continue }
            pieces[best.left].length = best.length
            pieces[best.left].token = best.token
            pieces[best.left].next = right.next
            pieces[best.right].length = 0
            if right.next >= 0 { pieces[right.next].previous = best.left }
            consider(pieces[best.left].previous, best.left, join)
            consider(best.left, right.next, join)
        }
    }

    private mutating func consider(_ left: Int, _ right: Int, _ join: (Piece, Piece) -> (rank: UInt32, token: Int32)?) {
        guard left >= 0, right >= 0, let (rank, token) = join(pieces[left], pieces[right]) else { return }
        push(
            Candidate(
                rank: rank, token: token, left: left, right: right,
                length: pieces[left].length + pieces[right].length))
    }

    private mutating func push(_ candidate: Candidate) {
        heap.append(candidate)
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].precedes(heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func popFirst() -> Candidate? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { return first }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(heap[index]) else { return first }
            heap.swapAt(index, child)
            index = child
        }
    }
}
