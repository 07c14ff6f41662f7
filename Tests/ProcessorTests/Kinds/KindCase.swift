import Base
import Foundation
import Store
import Testing
import Workflow

@testable import Processor

/// What the conformance suite needs to know of a kind.
struct KindCase: Sendable, CustomTestStringConvertible {
    /// How the work of a phase gets done.
    enum Work: Sendable {
        /// Processors run its steps.
        case run
        /// Its step waits, until this happens.
        case wait(@Sendable (Workbench) async throws -> Void)
        /// A processor runs its step, which then waits, until this happens.
        case runAndWait(@Sendable (Workbench) async throws -> Void)
        /// The engine does it when the phase opens.
        case instant

        var isRun: Bool {
            switch self {
            case .run, .runAndWait: true
            case .wait, .instant: false
            }
        }

        /// What ends the wait of a kind that waits.
        var end: (@Sendable (Workbench) async throws -> Void)? {
            switch self {
            case .wait(let end), .runAndWait(let end): end
            case .run, .instant: nil
            }
        }
    }

    let kind: PhaseKind
    /// As definitions write it, where that is not the kind's own word.
    var customName: String?
    /// The attributes of the phase under test, as YAML in flow style.
    let attributes: String
    /// The phases before it.
    var before: [String] = []
    /// The phases behind it.
    var after: [String] = []
    /// Another workflow that it needs.
    var other: String?
    let work: Work
    /// Whether what a wait is for can happen while the task is paused.
    var canEndWhilePaused = true
    /// What the phase's output must be like.
    let isExpected: @Sendable (JSON) -> Bool
    /// Attributes that are refused when the workflow is published, each with the pointer below the phase.
    let mistakes: [(attributes: String, pointer: String)]

    var testDescription: String { kind.rawValue }
    var name: String { customName ?? kind.rawValue }

    var yaml: String { yaml(attributes) }

    func yaml(_ attributes: String) -> String {
        let retry = "retry: {max_attempts: 2, initial: 1ms, max: 2ms, jitter: 0, non_retryable: [refused]}"
        let own = "{id: it, kind: \(name), \(retry)\(attributes.isEmpty ? "" : ", ")\(attributes)}"
        return """
            name: conformance
            version: 1.0.0
            agents:
              warm: {role: writer, model: test/m}
              terse: {role: writer, model: test/m}
              copy: {role: editor, model: test/m}
              ada: {role: evaluator, model: test/m}
            phases:
            \((before + [own] + after).map { "  - \($0)" }.joined(separator: "\n"))
            """
    }

    var positionOfPhase: Int { before.count }
}
