import Foundation
import TestSupport
import Testing

@testable import Workflow

/// Every pair of statuses of every entity, written down a second time, as people would draw it.
@Suite struct TransitionMatrixTests {
    /// A row says where its status may go: `x` may, `-` may not. The columns have the order of the rows.
    private static let matrices: [Transition.Entity: String] = [
        .task: """
            pending    - x x x x x x
            running    - - x x x x x
            waiting    - x - x x x x
            paused     x x - - - - x
            completed  - - - - - - -
            failed     - x - - - - -
            cancelled  - - - - - - -
            """,
        .phase: """
            pending    - x x x x x x
            running    - - x x x - x
            waiting    - x - x x - x
            completed  - - - - - - -
            failed     x x - - - - -
            skipped    x - - - - - -
            cancelled  - - - - - - -
            """,
        .step: """
            pending    - x x - x x x x
            running    x - x x x x - x
            waiting    x x - - x x x x
            retrying   x x - - - x x x
            completed  - - - - - - - -
            failed     x x - - - - - -
            skipped    - - - - - - - -
            cancelled  - - - - - - - -
            """,
        .output: """
            pending_write       - x - - - - - - x
            writing             x - x x - - x - x
            pending_edit        - - - x - - x - x
            editing             - - x - x x x x x
            pending_rewrite     - - - - - x - - x
            rewriting           - - x x x - - - x
            approved            - - - - - - - - -
            max_cycles_reached  - - - - - - - - -
            failed              x - x - x - - - -
            """,
        .evaluation: """
            pending     - x - x
            processing  x - x x
            completed   - - - -
            failed      x - - -
            """,
        .humanTask: """
            pending    - x x x x
            claimed    x - x x x
            completed  - - - - -
            cancelled  - - - - -
            expired    - - - - -
            """,
    ]

    @Test(arguments: Transition.Entity.allCases)
    func everyPairIsAsDrawn(entity: Transition.Entity) throws {
        let rows = try #require(Self.matrices[entity]).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let statuses = rows.map { $0[0] }
        for row in rows {
            #expect(row.count == statuses.count + 1, "\(row)")
            for (status, mark) in zip(statuses, row.dropFirst()) {
                #expect(
                    Transitions.isLegal(entity: entity, from: row[0], to: status) == (mark == "x"),
                    "\(entity): \(row[0]) → \(status)")
            }
        }
        // No other status takes part.
        let used = Set(Transitions.table.filter { $0.entity == entity }.flatMap { [$0.from, $0.to] })
        #expect(used.isSubset(of: statuses), "\(used.subtracting(statuses))")
    }

    /// The drawings in the documentation have no arrow that is illegal, and leave out none that is legal.
    @Test func theDocumentationDrawsTheSame() throws {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let root = (0..<4).reduce(file) { path, _ in path.deletingLastPathComponent() }
        let text = try String(contentsOf: root.appendingPathComponent("docs/state-machines.md"), encoding: .utf8)
        for section in text.components(separatedBy: "\n## ").dropFirst() {
            let title = section.prefix { $0 != "\n" }.lowercased().replacing(" ", with: "_")
            guard let entity = Transition.Entity(rawValue: title) else { continue }
            let drawn = Set(section.matches(of: #/(\w+) (?:-->|→) (\w+)/#).map { "\($0.1) → \($0.2)" })
            var legal = Set(Transitions.table.filter { $0.entity == entity }.map { "\($0.from) → \($0.to)" })
            #expect(drawn.isSubset(of: legal), "\(entity): \(drawn.subtracting(legal))")
            if entity == .output {  // told in a sentence
                legal = legal.filter { !$0.hasSuffix(" → failed") }
            }
            #expect(legal.isSubset(of: drawn), "\(entity): \(legal.subtracting(drawn))")
            let begun = Set(section.matches(of: #/\[\*\] --> (\w+)/#).map { String($0.1) })
            #expect(begun == Set(FirstStatus.table.filter { $0.entity == entity && !$0.isOfForks }.map(\.status)), "\(entity)")
        }
    }
}
