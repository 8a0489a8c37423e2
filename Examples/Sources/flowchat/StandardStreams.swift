import Foundation

/// Writes text to standard output at once; false when nobody reads any more.
@discardableResult
func standardOutput(_ text: some StringProtocol) -> Bool { writeAll(text.utf8, to: STDOUT_FILENO) }

/// Writes one line to standard error.
func standardError(_ line: String) { _ = writeAll((line + "\n").utf8, to: STDERR_FILENO) }

/// Writes text to standard error as it is.
func standardErrorText(_ text: String) { _ = writeAll(text.utf8, to: STDERR_FILENO) }

private func writeAll(_ bytes: some Sequence<UInt8>, to descriptor: Int32) -> Bool {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 {
            if errno == EINTR { continue }
            return false
        }
        rest = rest.dropFirst(count)
    }
    return true
}
