/// Why there is nothing to show.
enum ReportError: Error, CustomStringConvertible {
    case usage
    case noResults(String)
    case notACurve(String)

    static let usageText = """
        usage: report suite DIRECTORY            reads *.jmh.json there; prints the table, writes results.json and an SVG a suite
               report curves FILE.svg AXIS CURVE…  plots curves of learn, learn_pytorch.py and blocks, each as LABEL=FILE.tsv
        """

    var description: String {
        switch self {
        case .usage: "\n" + Self.usageText
        case .noResults(let directory): "\(directory) holds no *.jmh.json with measurements; Benchmarks/run.sh writes them"
        case .notACurve(let name): "\(name): expected LABEL=FILE with lines of step, training loss, held-out loss"
        }
    }
}
