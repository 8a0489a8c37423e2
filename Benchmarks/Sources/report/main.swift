/// Puts into a person's hands what the harness and `learn` wrote: a table, JSON and plots.

import Foundation

func run(_ arguments: [String]) throws {
    switch arguments.first {
    case "suite" where arguments.count == 2:
        let directory = URL(fileURLWithPath: arguments[1])
        let machine = Machine.current
        let lines = try HarnessResults.read(directory)
        print(Table(lines).text(machine))
        try JSONReport(machine: machine, lines: lines).encoded().write(to: directory.appending(path: "results.json"))
        for suite in Set(lines.map(\.suite)) {
            let plot = BarPlot(lines.filter { $0.suite == suite }, title: "\(suite), \(machine.processor), \(machine.date)")
            try Data(plot.svg.utf8).write(to: directory.appending(path: "\(suite.lowercased()).svg"))
        }
    case "curves" where arguments.count > 3:
        let curves = try arguments.dropFirst(3).map(Curve.init(argument:))
        try Data(CurvePlot(curves, axis: arguments[2]).svg.utf8).write(to: URL(fileURLWithPath: arguments[1]))
    default:
        throw ReportError.usage
    }
}

do {
    try run(Array(CommandLine.arguments.dropFirst()))
} catch {
    FileHandle.standardError.write(Data("report: \(error)\n".utf8))
    exit(1)
}
