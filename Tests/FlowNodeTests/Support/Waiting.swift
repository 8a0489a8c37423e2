import Foundation
import Testing

/// Waits until something holds, half a minute at most.
func eventually(
    within seconds: Double = 30, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("did not come true within \(seconds) s", sourceLocation: sourceLocation)
}
