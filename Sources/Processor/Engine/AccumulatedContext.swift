import Workflow

/// What later prompts can refer to: `phases.<id>` is a phase's output, `step_<n>_output` the text of the n-th finished
/// phase, counted from 0.
enum AccumulatedContext {
    static func adding(_ output: JSON, of phase: String, to context: JSON) -> JSON {
        var members = context.object ?? [:]
        var phases = members["phases"]?.object ?? [:]
        guard phases[phase] == nil else {
            phases[phase] = output
            members["phases"] = .object(phases)
            return .object(members)
        }
        members["step_\(phases.count)_output"] = .string(text(of: output))
        phases[phase] = output
        members["phases"] = .object(phases)
        return .object(members)
    }

    /// The texts of a phase's outputs, best first, or its output as JSON where it has none.
    private static func text(of output: JSON) -> String {
        let texts = output["outputs"]?.array?.compactMap { $0["content"]?.string } ?? []
        return texts.isEmpty ? output.text : texts.joined(separator: "\n\n")
    }
}
