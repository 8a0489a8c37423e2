/// Keys in ascending order, each once: an array cut into runs, so that inserting and removing move one run and not all.
struct SortedKeys<Key: Comparable> {
    /// None is empty.
    private var runs: [[Key]] = []
    private(set) var count = 0
    /// A run of more keys is halved.
    private static var longestRun: Int { 512 }

    /// All keys, the lowest first.
    var ascending: some Sequence<Key> { runs.lazy.joined() }

    mutating func insert(_ key: Key) {
        guard !runs.isEmpty else {
            runs = [[key]]
            count = 1
            return
        }
        let run = run(of: key)
        let place = Self.place(of: key, in: runs[run])
        if place < runs[run].count, runs[run][place] == key { return }
        runs[run].insert(key, at: place)
        count += 1
        if runs[run].count > Self.longestRun {
            let half = runs[run].count / 2
            runs.insert(Array(runs[run][half...]), at: run + 1)
            runs[run].removeSubrange(half...)
        }
    }

    mutating func remove(_ key: Key) {
        guard !runs.isEmpty else { return }
        let run = run(of: key)
        let place = Self.place(of: key, in: runs[run])
        guard place < runs[run].count, runs[run][place] == key else { return }
        runs[run].remove(at: place)
        count -= 1
        if runs[run].isEmpty { runs.remove(at: run) }
    }

    /// The last run that begins with `key` or a lower one; the first where there is none.
    private func run(of key: Key) -> Int {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle][0] <= key { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// The first place in a run whose key is not lower.
    private static func place(of key: Key, in run: [Key]) -> Int {
        var (low, high) = (0, run.count)
        while low < high {
            let middle = (low + high) / 2
            if run[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
