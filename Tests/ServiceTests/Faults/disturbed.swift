import Base
import TestSupport
import Testing
import Workflow

/// Lets tasks be started while `disturb` does its worst; afterwards all must have ended rightly, and the tables must be
/// as if nothing had happened.
///
/// - Parameter endings: which statuses tasks may end with.
func disturbed(
    _ nodes: [TestService], _ definitions: [String], endings: Set<String> = ["completed"], generator seeded: SeededGenerator,
    sourceLocation: SourceLocation = #_sourceLocation, _ disturb: (inout SeededGenerator) async throws -> Void
) async throws {
    var generator = seeded
    let load = try await Workload(nodes, definitions: definitions)
    let own = generator.fork()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await load.run(own) }
        try await disturb(&generator)
        load.end()
        try await group.waitForAll()
    }
    try await load.expectEnds(endings, sourceLocation: sourceLocation)
    try await Invariants.check(nodes[0], sourceLocation: sourceLocation)
    try await EventAudit.check(nodes[0], sourceLocation: sourceLocation)
}
