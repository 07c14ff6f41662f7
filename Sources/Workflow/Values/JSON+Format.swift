package import Base

extension JSON {
    /// Reads a document as definitions are read: JSON, or YAML 1.2's core schema; at most 1 MiB.
    package init(parsing text: String, format: DefinitionFormat) throws(ProblemList) {
        self = try SourceDocument(text: text, format: format).json
    }
}
