extension ProblemList {
    /// The same problems with the lines of the text in which they were found, as far as it has lines.
    package func located(in text: String, format: DefinitionFormat) -> ProblemList {
        guard let document = try? SourceDocument(text: text, format: format) else { return self }
        let collector = ProblemCollector(lines: document.lines)
        for problem in problems { collector.report(problem.detail, at: problem.pointer) }
        return collector.list
    }
}
