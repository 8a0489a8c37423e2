/// The median of the times of the last eleven blocks: the chain's own clock, which no single miner sets.
enum MedianTimePast {
    /// How many blocks count.
    static let window = 11

    /// The median of the times: the element in the middle of the sorted list, the upper one of two. Of more than eleven
    /// times the last eleven count; an empty list gives 0.
    static func of(_ times: [UInt64]) -> UInt64 {
        let sorted = times.suffix(window).sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
