import Workflow

/// What later prompts can refer to: `phases.<id>` is a phase's output, `step_<n>_output` the text of the n-th finished
/// phase, counted from 0.
enum AccumulatedContext {
    static func adding(_ output: JSON, of phase: PhaseDefinition, to context: JSON) -> JSON {
        var members = context.object ?? [:]
        var phases = members["phases"]?.object ?? [:]
        if phases[phase.id] == nil {
            members["step_\(phases.count)_output"] = .string(text(of: output, phase.kind))
        }
        phases[phase.id] = output
        members["phases"] = .object(phases)
        return .object(members)
    }

    /// The texts of a phase's outputs, best first, or what its agent answered; the output as JSON where it has neither.
    private static func text(of output: JSON, _ kind: PhaseKind) -> String {
        switch kind {
        case .agent:
            let answer = output["output"] ?? output
            return answer.string ?? answer.text
        default:
            let texts = output["outputs"]?.array?.compactMap { $0["content"]?.string } ?? []
            return texts.isEmpty ? output.text : texts.joined(separator: "\n\n")
        }
    }
}
