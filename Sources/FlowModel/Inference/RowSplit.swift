/// Cuts rows into contiguous parts, none so small that handing it over costs more than doing it.
///
/// No result depends on where the cuts are.
struct RowSplit {
    let threads: Int

    /// How many parts `rows` rows of `cost` multiplications each make.
    func parts(_ rows: Int, cost: Int) -> Int {
        guard threads > 1 else { return min(rows, 1) }
        let (work, overflow) = rows.multipliedReportingOverflow(by: max(cost, 1))
        // Few parts for short steps; more for long ones, so that a thread that was held up is not waited for.
        let wanted = overflow || work > 1 << 22 ? 4 * threads : threads
        return min(wanted, rows, overflow ? Int.max : work / 16_384 + 1)
    }

    /// Runs `body` with all rows, cut into parts.
    func run(_ rows: Int, cost: Int, _ team: InferenceTeam, _ body: (Range<Int>) -> Void) {
        let parts = parts(rows, cost: cost)
        team.run(parts) { part in
            body((rows * part / parts)..<(rows * (part + 1) / parts))
        }
    }
}
