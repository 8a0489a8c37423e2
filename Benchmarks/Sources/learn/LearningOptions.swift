/// What a run is told on the command line.
struct LearningOptions {
    static let usage = """
        usage: learn --text DIRECTORY [option value]…
          --text DIRECTORY   .txt files; the last 64th is held out (Documentation/Protocol/Corpus.md)
          --steps N          steps to take (1500); 0 with --write only writes
          --reset N          momentum returns to zero every N steps, the steps of a block (16)
          --peak UNITS       learning rate in 2^-20: linear warm-up, constant to the middle, then down to a tenth (1573)
          --warmup N         steps of the warm-up (50)
          --seed N           of the initial weights and the batches (1)
          --every N          steps between two held-out losses (50)
          --windows N        held-out windows of 128 tokens (128)
          --backend NAME     as FLOWCOIN lists them; automatic takes the fastest (automatic)
          --threads N        (1)
          --off-grid         weights that are no multiples of 2^-20: starts between the points of the grid, rates that are no
                             multiples, no clamp to ±4 (for measuring what the grid costs; not consensus)
          --write DIRECTORY  initial weights, batches and held-out windows for learn_pytorch.py
        """

    enum Failure: Error, CustomStringConvertible {
        case unknown(String), missing(String), notANumber(String, String)

        var description: String {
            switch self {
            case .unknown(let option): "unknown option \(option)"
            case .missing(let option): "\(option) needs a value"
            case .notANumber(let option, let value): "\(option) \(value): expected a whole number"
            }
        }
    }

    var text = ""
    var steps = 1_500
    var reset = 16
    var peak = 1_573
    var warmup = 50
    var seed = 1
    var every = 50
    var windows = 128
    var backend = "automatic"
    var threads = 1
    var offGrid = false
    var write: String?

    init(arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--off-grid" {
                offGrid = true
                continue
            }
            guard let value = rest.popFirst() else { throw Failure.missing(option) }
            func number(atLeast least: Int = 1) throws -> Int {
                guard let number = Int(value), number >= least, number <= 1 << 24 else { throw Failure.notANumber(option, value) }
                return number
            }
            switch option {
            case "--text": text = value
            case "--steps": steps = try number(atLeast: 0)
            case "--reset": reset = try number()
            case "--peak": peak = try number()
            case "--warmup": warmup = try number()
            case "--seed": seed = try number()
            case "--every": every = try number()
            case "--windows": windows = try number()
            case "--backend": backend = value
            case "--threads": threads = try number()
            case "--write": write = value
            default: throw Failure.unknown(option)
            }
        }
        if text.isEmpty { throw Failure.missing("--text") }
    }

    /// The learning rate of step `step` (from 1) in units of 2^−20, before it is rounded to a whole number.
    func rate(step: Int) -> Double {
        let peak = Double(peak), middle = steps / 2
        if step <= warmup { return peak * Double(step) / Double(warmup) }
        if step <= middle { return peak }
        return peak * (1 - 0.9 * Double(step - middle) / Double(steps - middle))
    }
}
