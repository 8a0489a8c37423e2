/// Cuts equal items into contiguous parts, about two for each thread, none so small that handing it over costs more than doing it.
///
/// The parts depend on the pool; use it only where the result does not depend on where the cuts are.
struct WorkSplit: Sendable {
    let items: Int
    let tasks: Int

    /// - Parameter costPerItem: elements touched for one item; below some 8,192 in all there is one part.
    init(items: Int, costPerItem: Int, pool: ThreadPool, smallestPart: Int = 8_192) {
        self.items = max(items, 0)
        let wanted = pool.threads == 1 ? 1 : pool.threads * 2
        let (product, overflow) = self.items.multipliedReportingOverflow(by: max(costPerItem, 1))
        let useful = (overflow ? Int.max : product) / max(smallestPart, 1) + 1
        tasks = self.items == 0 ? 0 : max(1, min(wanted, useful, self.items))
    }

    /// Items of part `task`.
    func range(_ task: Int) -> Range<Int> {
        (items * task / tasks)..<(items * (task + 1) / tasks)
    }
}
