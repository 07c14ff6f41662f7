package import Testing

/// A limit of time for each test, counted from when its turn comes (`TestTurns`) and not from the start of the whole run,
/// as `.timeLimit` does it.
package struct TurnTrait: TestTrait, SuiteTrait, TestScoping {
    let limit: Duration

    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await TestTurns.take {
            try await withoutActuallyEscaping(function) { body in
                try await within(limit, "the whole test", body)
            }
        }
    }
}

extension Trait where Self == TurnTrait {
    /// Far above what a test takes on a loaded machine: a bound against hanging.
    package static func limit(minutes: Int) -> Self { TurnTrait(limit: .seconds(60 * minutes)) }
}
