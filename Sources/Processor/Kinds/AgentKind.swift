import Base
import Foundation
import Store
import Workflow

/// One agent answers one prompt. The answer is no draft: it has no output row and no versions.
struct AgentKind: SingleStepBehavior {
    let phase: AgentPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .agent, agent: phase.agent)
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        guard case .answer(let answer, let reason, let usage) = result else { return supersededNote }
        return [
            "agent": step.agent.map(JSON.string) ?? .null, "output": answer,
            "finish_reason": reason.map { .string($0.rawValue) } ?? .null, "usage": usage.json,
        ]
    }

    func run(_ run: StepRun) async throws -> StepResult {
        let prompt = run.render(phase.prompt)
        guard let schema = phase.output else {
            let response = try await run.complete(prompt: prompt, shows: .text)
            return .answer(.string(try run.nonEmpty(response)), response.finishReason, usage: response.usage)
        }
        let response = try await run.complete(
            prompt: prompt + "\n\n" + AgentPrompt.answer(schema: schema), schema: ResponseSchema(name: "answer", schema: schema),
            shows: .object)
        return .answer(
            try AgentAnswer.parse(response.text, schema: schema), response.finishReason, usage: response.usage)
    }
}
