internal import FlowGGUF

/// Cuts text into words, within which bytes are joined. A file names the rule in `tokenizer.ggml.pre`.
///
/// The rules are regular expressions in their sources; here they are written out by hand. Several may follow each
/// other, each within the words of the one before.
struct PreTokenizer: Sendable {
    private let rules: [Rule]
    /// Whether a word that is a token as a whole is taken before any bytes are joined.
    let takesWholeWords: Bool
    /// Whether texts begin with the begin-of-text token when the file does not say.
    let addsBeginOfText: Bool

    /// One way of cutting; see `PreTokenizer+Rules.swift`.
    enum Rule: Sendable {
        /// GPT-2's words.
        case classicWords
        /// The words of Llama 3 and Qwen: one other character may stand before letters, and newlines stay with what
        /// is before them. `digits` numbers make a word; `marks` count as letters.
        case modernWords(digits: Int, marks: Bool)
        /// Each number stands alone.
        case singleNumbers
        case numberRuns
        /// Three ASCII digits at a time.
        case digitTriples
        /// Runs of punctuation, and of the ASCII symbols `$+<=>^~|` (and `` ` ``).
        case punctuationRuns(backtick: Bool)
    }

    /// The names of the rules that are known.
    static let names: [String] = table.flatMap(\.names)

    private static let table: [(names: [String], rules: [Rule], wholeWords: Bool, begin: Bool)] = [
        (
            ["default"],
            [.punctuationRuns(backtick: false), .classicWords, .numberRuns, .digitTriples], false, false
        ),
        (
            ["gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4", "gigachat", "mellum"],
            [.classicWords], false, false
        ),
        (
            ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
            [.singleNumbers, .classicWords], false, false
        ),
        (
            ["falcon"], [.punctuationRuns(backtick: true), .classicWords, .digitTriples], false, false
        ),
        (
            ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2"],
            [.modernWords(digits: 3, marks: false)], true, true
        ),
        (["dbrx", "smaug-bpe"], [.modernWords(digits: 3, marks: false)], false, false),
        (
            ["qwen2", "stablelm2", "deepseek-r1-qwen", "megrez", "hunyuan", "solar-open"],
            [.modernWords(digits: 1, marks: false)], false, false
        ),
        (["qwen35"], [.modernWords(digits: 1, marks: true)], false, false),
    ]

    /// The rule that `tokenizer.ggml.pre` names; without the key the rule `default`, as in llama.cpp.
    ///
    /// - Throws: ``GGUFError`` for a name that is not known: another rule would give other tokens.
    init(_ metadata: GGUFMetadata) throws(GGUFError) {
        let key = "tokenizer.ggml.pre"
        let name = metadata.entry(key) == nil ? "default" : try metadata.string(key)
        guard let entry = Self.table.first(where: { $0.names.contains(name) }) else {
            throw metadata.unexpected(key, "one of \(Self.names.joined(separator: ", "))")
        }
        rules = entry.rules
        takesWholeWords = entry.wholeWords
        addsBeginOfText = entry.begin
    }

    /// Calls `body` with the bytes of each word of `text[range]`, which is valid UTF-8, in order.
    func forEachWord(_ text: [UInt8], _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
        let characters = CharacterRun(text, range)
        var words = [0..<characters.count]
        for rule in rules {
            var cut: [Range<Int>] = []
            cut.reserveCapacity(words.count)
            for word in words { rule.cut(characters, word) { cut.append($0) } }
            words = cut
        }
        for word in words where !word.isEmpty {
            body(characters.starts[word.lowerBound]..<characters.starts[word.upperBound])
        }
    }
}

/// The characters of a text with their classes.
struct CharacterRun {
    private(set) var scalars: [Unicode.Scalar] = []
    private(set) var classes: [CharacterClass] = []
    /// Where each character begins in the bytes, and at the end where the last one ends.
    private(set) var starts: [Int] = []

    var count: Int { classes.count }

    init(_ text: [UInt8], _ range: Range<Int>) {
        scalars.reserveCapacity(range.count)
        classes.reserveCapacity(range.count)
        starts.reserveCapacity(range.count + 1)
        var decoder = UTF8()
        var bytes = text[range].makeIterator()
        var position = range.lowerBound
        while case .scalarValue(let scalar) = decoder.decode(&bytes) {
            scalars.append(scalar)
            classes.append(CharacterClass(scalar))
            starts.append(position)
            position += UTF8.width(scalar)
        }
        starts.append(range.upperBound)
    }
}
