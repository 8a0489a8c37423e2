/// Ways to choose among values that descend, so that their sum reaches what is needed. Places are indices of `values`.
struct CoinSolver: Sendable {
    let values: [Int64]
    /// Above zero, and not above the sum of the values.
    let needed: Int64
    /// Coins at most.
    let most: Int
    let demand: CoinDemand

    /// A change that is worth having: a draw goes on until there is room for it.
    static let wantedChange: Int64 = 100_000

    /// The choice that needs no change and wastes least, as far as a fixed number of tries finds one.
    func branchAndBound() -> [Int]? {
        let high = needed &+ demand.changeFloor - 1
        let price = demand.inputFee &- demand.quietInputFee
        var remaining = [Int64](repeating: 0, count: values.count + 1)
        for index in values.indices.reversed() { remaining[index] = remaining[index + 1] &+ values[index] }
        var chosen: [Int] = [], best: [Int]?
        var (sum, bestWaste, index, tries) = (Int64(0), Int64.max, 0, 100_000)
        while tries > 0 {
            tries -= 1
            let waste = Int64(chosen.count) &* price &+ max(0, sum &- needed)
            var goesOn = sum <= high && index < values.count && chosen.count < most && sum &+ remaining[index] >= needed
            if price > 0, best != nil, waste > bestWaste { goesOn = false }
            if sum >= needed {
                if sum <= high, waste < bestWaste { (best, bestWaste) = (chosen, waste) }
                // What matches to the last unit is not made better by one more coin.
                goesOn = false
                if bestWaste == Int64(chosen.count) &* price, price >= 0 { return best }
            }
            if goesOn {
                chosen.append(index)
                sum = sum &+ values[index]
                index += 1
                continue
            }
            guard let last = chosen.popLast() else { return best }
            sum = sum &- values[last]
            index = last + 1
            // Without this one, one like it brings nothing else.
            while index < values.count, values[index] == values[last] { index += 1 }
        }
        return best
    }

    /// Coins in random order until they suffice with change; the smallest go where there are too many.
    func singleRandomDraw(using generator: inout some RandomNumberGenerator) -> [Int]? {
        let target = needed &+ demand.changeFee &+ max(demand.dust, Self.wantedChange)
        var (chosen, sum) = ([Int](), Int64(0))
        for place in values.indices.shuffled(using: &generator) {
            chosen.append(place)
            sum = sum &+ values[place]
            if chosen.count > most, let smallest = chosen.indices.max(by: { chosen[$0] < chosen[$1] }) {
                sum = sum &- values[chosen[smallest]]
                chosen.remove(at: smallest)
            }
            if sum >= target { return chosen }
        }
        return nil
    }

    /// Random halves of the smaller coins, kept where they come nearest above what is needed with change, or the smallest coin that suffices alone.
    func knapsack(using generator: inout some RandomNumberGenerator) -> [Int]? {
        let target = needed &+ demand.changeFee &+ max(demand.dust, Self.wantedChange)
        // Values descend: the last that is large enough, and those behind it.
        let alone = values.lastIndex { $0 >= target }
        let smaller = alone.map { $0 + 1 } ?? 0
        guard smaller < values.count else { return alone.map { [$0] } }
        let places = Array(values.indices.dropFirst(smaller).prefix(2_000))
        let total = places.reduce(Int64(0)) { $0 &+ values[$1] }
        guard total >= target else { return alone.map { [$0] } }
        var (best, bestSum) = (places, total)
        for _ in 0..<max(20, min(1_000, 200_000 / places.count)) {
            var (chosen, sum) = ([Int](), Int64(0))
            var isIn = [Bool](repeating: false, count: places.count)
            // The first pass takes each with a half's chance, the second what the first left, until the target is reached.
            passes: for pass in 0..<2 {
                for (index, place) in places.enumerated() where pass == 0 ? Bool.random(using: &generator) : !isIn[index] {
                    isIn[index] = true
                    chosen.append(place)
                    sum = sum &+ values[place]
                    guard sum >= target else { continue }
                    if sum < bestSum { (best, bestSum) = (chosen, sum) }
                    // Perhaps a smaller one does as well.
                    chosen.removeLast()
                    sum = sum &- values[place]
                }
                if bestSum == target { break passes }
            }
            if bestSum == target { break }
        }
        if let alone, values[alone] <= bestSum || best.count > most { return [alone] }
        return best.count <= most ? best : nil
    }

    /// The largest until they suffice: the fewest coins.
    func largestFirst() -> [Int]? {
        var (chosen, sum) = ([Int](), Int64(0))
        for place in values.indices where sum < needed {
            chosen.append(place)
            sum = sum &+ values[place]
        }
        return sum >= needed ? chosen : nil
    }
}
