public import FlowCrypto

/// Why a corpus cannot be used. Each case names the file or the numbers, and its text says what to do.
public enum CorpusError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The path given is no directory that can be opened.
    case notADirectory(path: String, reason: String)
    /// A file or folder below the corpus's directory cannot be read.
    case unreadable(path: String, reason: String)
    /// A file is not what it was when the corpus was opened.
    case changed(path: String, expected: String, actual: String)
    /// The bytes of a piece (``CorpusTree/pieceLength`` each, from 0) are not what they were when the corpus was opened.
    case damaged(path: String, piece: UInt64, expected: Hash256, actual: Hash256)
    /// The files together are longer than 2^62 bytes.
    case tooLong
    /// A read beyond the end.
    case outOfRange(offset: UInt64, count: Int, length: UInt64)
    /// Too few places to start a training window.
    case tooShort(length: UInt64, contextLength: Int, legalStarts: UInt64, minimum: UInt64)
    /// Sizes of windows that no model has.
    case invalidWindow(contextLength: Int, batchSize: Int)
    /// The corpus is not the one that the network's parameters name.
    case mismatch(expectedRoot: Hash256, expectedLength: UInt64, actualRoot: Hash256, actualLength: UInt64)
    /// Hashing was cancelled by the caller.
    case cancelled

    public var description: String {
        switch self {
        case .notADirectory(let path, let reason):
            "the corpus \(path) cannot be opened as a directory (\(reason)); name a folder with .txt files that this user may read"
        case .unreadable(let path, let reason):
            "the corpus file \(path) cannot be read (\(reason)); restore it or its permissions, or open the corpus again without it"
        case .changed(let path, let expected, let actual):
            "the corpus file \(path) has changed since the corpus was opened: expected \(expected), found \(actual); restore it, or open the corpus again so that its root is computed anew"
        case .damaged(let path, let piece, let expected, let actual):
            "the corpus file \(path) is damaged: piece \(piece) of the corpus has hash \(actual), expected \(expected); restore the file, and the node goes on by itself"
        case .tooLong:
            "the files of the corpus hold more than 2^62 bytes; take some away"
        case .outOfRange(let offset, let count, let length):
            "a read of \(count) bytes at offset \(offset) leaves the corpus of \(length) bytes"
        case .tooShort(let length, let contextLength, let legalStarts, let minimum):
            "the corpus of \(length) bytes has \(legalStarts) places for a window of \(contextLength) tokens and its target, expected at least \(minimum); add text"
        case .invalidWindow(let contextLength, let batchSize):
            "a batch of \(batchSize) windows of \(contextLength) tokens is no batch; expected 1 to 65536 of each"
        case .mismatch(let expectedRoot, let expectedLength, let actualRoot, let actualLength):
            "the corpus has \(actualLength) bytes and root \(actualRoot), but the network's parameters name \(expectedLength) bytes and root \(expectedRoot); get the network's own corpus, byte for byte, or change the parameters"
        case .cancelled:
            "hashing the corpus was cancelled"
        }
    }
}
