import Yams

/// Says what the YAML parser found, with the line, without repeating the text.
enum YAMLProblem {
    static func describing(_ error: any Error) -> Problem {
        guard let error = error as? YamlError else {
            return Problem(pointer: "", detail: "is not valid YAML")
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let around = context.map { " (\($0.text) in line \($0.mark.line))" } ?? ""
            return Problem(
                pointer: "", detail: "is not valid YAML: \(problem)\(around), column \(mark.column)", line: mark.line)
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { yaml.prefix($0).count(where: \.isNewline) + 1 }
            return Problem(pointer: "", detail: "is not valid YAML: \(problem)", line: line)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            return Problem(pointer: "", detail: "has keys twice in one mapping: \(keys)", line: context.mark.line)
        default:
            return Problem(pointer: "", detail: "is not valid YAML")
        }
    }
}
