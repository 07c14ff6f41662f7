/// A definition's document as JSON, with the line of each place where it came as YAML.
struct SourceDocument {
    /// Larger texts are refused.
    static let maximumBytes = 1_048_576

    var json: JSON
    /// Line by JSON pointer; empty when there is no text with lines.
    var lines: [String: Int] = [:]

    init(json: JSON) {
        self.json = json
    }

    init(text: String, format: DefinitionFormat) throws(ProblemList) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw ProblemList("must be at most \(Self.maximumBytes) bytes long")
        }
        switch format {
        case .json:
            do {
                json = try JSON(parsing: text)
            } catch {
                throw ProblemList("is not valid JSON: \(error.reason) (column \(error.column))", line: error.line)
            }
        case .yaml:
            var reader = YAMLReader(text: text)
            json = try reader.read()
            lines = reader.lines
        }
    }
}
