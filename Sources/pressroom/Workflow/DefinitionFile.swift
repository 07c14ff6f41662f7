import Client
import Workflow

/// A workflow's text and the notation that its name tells: `.json`, or else YAML.
struct DefinitionFile {
    let text: String
    let isJSON: Bool

    init(path: String) throws(CommandFailure) {
        text = try InputFile.text(path)
        // Standard input has no name; a JSON document begins with a brace, and as flow style is YAML too.
        isJSON = path.lowercased().hasSuffix(".json")
    }

    var notation: DefinitionNotation { isJSON ? .json : .yaml }
    var format: DefinitionFormat { isJSON ? .json : .yaml }
}
