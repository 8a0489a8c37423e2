import FlowConsensus
import Foundation
import FreshNetwork

// The first days of mainnet in virtual time: what miners find, and how far behind a full node of two cores is. Documentation/Scale.md.
guard let options = Options(CommandLine.arguments.dropFirst()) else {
    FileHandle.standardError.write(Data((Options.usage + "\n").utf8))
    exit(2)
}

func text(_ value: Double, _ digits: Int = 1) -> String { String(format: "%.\(digits)f", value) }
func column(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
func row(_ cells: [String]) { print(cells.map { column($0, 15) }.joined()) }

let blocks = Array(try options.network.blocks(seconds: options.hours * 3_600, seed: options.seed).prefix(options.blocks))
let node = ReplayingNode(speed: options.nodeSpeed)
let ends = node.replayed(blocks)

print(
    "mainnet, \(options.miners) × \(text(options.minerSpeed)) steps/s, node \(text(options.nodeSpeed, 3)) steps/s,",
    "time-too-soon \(options.spacing ? "holds" : "does not hold"), a block is",
    options.trainsToTheEnd ? "all S steps" : "its steps up to the ticket", "· seed \(options.seed)")
row(["hour", "blocks", "seconds apart", "ahead, minutes", "replayed", "lag, minutes", "late, minutes"])
let last = min(options.hours, (blocks.last?.found ?? 0) / 3_600)
var (found, replayed, before, hour) = (0, 0, 0, options.every)
while true {
    let now = min(hour, last) * 3_600
    while found < blocks.count, blocks[found].found <= now { found += 1 }
    while replayed < found, ends[replayed] <= now { replayed += 1 }
    let ahead = found > 0 ? blocks[found - 1].ahead + blocks[found - 1].found - now : 0
    // Until the node stands at the tip; and how long ago the time of its next block was.
    let lag = found > 0 ? max(0, ends[found - 1] - now) : 0
    let late = replayed < found ? max(0, now - blocks[replayed].found - max(0, blocks[replayed].ahead)) : 0
    let span = now - (hour - options.every) * 3_600
    row([
        text(now / 3_600), "\(found)", found > before ? text(span / Double(found - before), 2) : "–", text(max(0, ahead) / 60),
        "\(replayed)", text(lag / 60), text(late / 60),
    ])
    before = found
    if now >= last * 3_600 { break }
    hour += options.every
}

let minutes = text(options.limit, 0)
for (start, name) in [(ReplayingNode.Start.coming, "lag: from a block's coming"), (.time, "late: from its coming and its own time")] {
    let worst = node.largestLag(blocks, from: start)
    let above = node.lastAbove(options.limit * 60, blocks, from: start)
    let slowest = ReplayingNode.slowest(blocks, limit: options.limit * 60, from: start)
    print("\(name) to the end of its replay at most \(text(worst.seconds / 60)) minutes, for a block that came at hour \(text(worst.at / 3_600, 2));")
    print("  \(above.map { "last above \(minutes) minutes at hour \(text($0 / 3_600, 2))" } ?? "never above \(minutes) minutes");", terminator: " ")
    print("no more than that takes \(text(slowest, 3)) steps/s, \(text(1 / slowest, 2)) s a step")
}
