package import Foundation
package import Logging
import Store
package import Workflow

/// A kind of phase that the embedding program brings.
package struct RegisteredKind: Sendable {
    package let name: String
    package let check: OwnKinds.Check
    /// Answers the phase's output. Throws `StepFailure` to say whether to try again; what else it throws is tried again.
    package let run: @Sendable (OwnKindCall) async throws -> JSON

    package init(name: String, check: @escaping OwnKinds.Check, run: @escaping @Sendable (OwnKindCall) async throws -> JSON) {
        self.name = name
        self.check = check
        self.run = run
    }
}

/// What a kind of the embedding program sees of the step that it runs.
package struct OwnKindCall: Sendable {
    private let call: StepCall
    package let attributes: JSON
    package let logger: Logger

    init(_ call: StepCall, _ phase: OwnPhase, _ logger: Logger) {
        self.call = call
        self.attributes = phase.attributes
        self.logger = logger
    }

    package var stepID: UUID { call.step.id }
    /// From 1; each claim of the step is a new one.
    package var attempt: Int { call.step.attempt }
    /// The element of a list that the step is for; nil without `for_each`.
    package var item: JSON? { call.step.input["item"] }
    /// Where the element stands in its list, from 0.
    package var index: Int? { call.step.input["index"]?.int }
    /// Which run of a phase with `repeat` the step belongs to.
    package var iteration: Int? { call.step.input["iteration"]?.int }
    package var phase: String { call.definition.id }
    package var context: ExecutionContext { call.context }
    package var input: JSON { call.material.task.input }
    package var config: JSON { call.material.task.config }

    /// The output of a finished phase; nil for one that has none.
    package func output(of phase: String) -> JSON? {
        call.material.task.accumulatedContext["phases"]?[phase]
    }

    /// Fills in a template as a prompt's.
    package func render(_ template: String) throws(ProblemList) -> String {
        try PromptTemplate(template).render(.object(call.promptScope.members))
    }
}
