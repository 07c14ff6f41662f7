import Foundation

/// Tests that use a database, or have a limit of time, take turns: Swift's runner starts all of them at once, and hundreds
/// that share two cores would only wait for each other.
package enum TestTurns {
    /// More than there are cores, as tests mostly wait; few enough for each to be quick.
    private static let slots = Slots(max(4, 4 * ProcessInfo.processInfo.activeProcessorCount))

    @TaskLocal private static var isTaken = false

    /// Runs `body` when its turn has come; at once within another turn.
    package static func take<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        guard !isTaken else { return try await body() }
        return try await slots.hold { try await $isTaken.withValue(true) { try await body() } }
    }
}
