import Mustache

/// Says what is wrong with a template, in our words.
enum TemplateProblem {
    /// Says how values are escaped; on its own line, so that it takes nothing from the text behind it.
    static func prefix(_ escaping: PromptTemplate.Escaping) -> String {
        switch escaping {
        case .none: "{{% CONTENT_TYPE:TEXT}}\n"
        case .url: "{{% CONTENT_TYPE:\(URLEscaping.contentType)}}\n"
        }
    }

    static func describing(_ error: any Error, text: String) -> ProblemList {
        guard let error = error as? MustacheTemplate.ParserError else { return ProblemList("is not a usable template") }
        let line = max(1, error.context.lineNumber - 1)
        return ProblemList("is not a usable template: it \(reason(error.error)) (line \(line))")
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? MustacheTemplate.Error {
        case .sectionCloseNameIncorrect: "closes a section that is not the one open"
        case .expectedSectionEnd: "has a section that is not closed"
        case .unfinishedName: "has a tag that is not closed, or whose name has characters other than a-z, 0-9, '.', '_' and '-'"
        case .invalidSetDelimiter: "has a malformed tag that sets delimiters"
        case .invalidConfigVariableSyntax, .unrecognisedConfigVariable: "has an unknown pragma"
        default: "has a tag that is not closed"
        }
    }
}
