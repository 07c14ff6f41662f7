package import Base
import Mustache
import Synchronization

/// A prompt: Mustache, rendered as text, without any escaping unless it is asked for.
///
/// Paths go into objects by key and into arrays by position (`{{phases.write.outputs.0.content}}`); what is missing is
/// empty. Numbers and texts are written as they are, objects and arrays as JSON. Partials are not available.
package struct PromptTemplate: Sendable {
    /// What happens to values on their way into the text; `{{{name}}}` and `{{&name}}` leave them as they are.
    package enum Escaping: Sendable {
        case none
        /// Percent-encoding: all but `A-Z a-z 0-9 - . _ ~` (RFC 3986, section 2.3).
        case url

        /// Tells the template engine; on a line of its own, so that it takes no white space from the template.
        fileprivate var pragma: String {
            switch self {
            case .none: "{{% CONTENT_TYPE:TEXT}}\n"
            case .url: "{{% CONTENT_TYPE:\(URLEscaping.contentType)}}\n"
            }
        }
    }

    /// The members of the object that is rendered over which the template may look at; nil: any.
    package let names: Set<String>?
    private let template: MustacheTemplate
    private let size: Int

    /// Throws what is wrong with the template, with its line in the detail.
    package init(_ text: String, escaping: Escaping = .none) throws(ProblemList) {
        if let parsed = ParsedTemplates.shared.template(of: text, escaping) {
            self = parsed
            return
        }
        let tags = try TemplateScan.tags(of: text)
        do {
            template = try MustacheTemplate(string: escaping.pragma + text)
        } catch {
            throw TemplateProblem.describing(error)
        }
        size = text.utf8.count
        let firsts = tags.map { $0.name.prefix { $0 != "." } }
        // `{{.}}` outside of any section is the whole object.
        names = firsts.contains("") ? nil : Set(firsts.map(String.init))
        ParsedTemplates.shared.keep(self, text, escaping)
    }

    /// Renders over an object. A rendering that passes the limit leaves out the rest, see ``TemplateBudget``.
    ///
    /// - Parameter limit: the approximate limit of the rendering, in bytes.
    package func render(_ context: JSON, atMost limit: Int = TemplateBudget.maxBytes) -> String {
        let budget = TemplateBudget(templateSize: size, bytes: limit)
        return template.render(TemplateValue.wrap(context, budget: budget))
    }
}

/// Templates that were parsed lately: the steps of a workflow render the same few over and over.
private final class ParsedTemplates: Sendable {
    private struct Key: Hashable {
        let text: ExactText
        let escaping: PromptTemplate.Escaping
    }

    static let shared = ParsedTemplates()

    /// Of the templates' texts; with more, all are parsed anew.
    private static let maxBytes = 1 << 20
    private let kept = Mutex<(templates: [Key: PromptTemplate], bytes: Int)>(([:], 0))

    func template(of text: String, _ escaping: PromptTemplate.Escaping) -> PromptTemplate? {
        let key = Key(text: ExactText(text), escaping: escaping)
        return kept.withLock { $0.templates[key] }
    }

    func keep(_ template: PromptTemplate, _ text: String, _ escaping: PromptTemplate.Escaping) {
        let size = text.utf8.count
        guard size <= Self.maxBytes / 16 else { return }
        kept.withLock { kept in
            if kept.bytes + size > Self.maxBytes { kept = ([:], 0) }
            let key = Key(text: ExactText(text), escaping: escaping)
            if kept.templates.updateValue(template, forKey: key) == nil { kept.bytes += size }
        }
    }
}

/// Percent-encodes what templates put into a URL (RFC 3986, sections 2.1 and 2.3).
package struct URLEscaping: MustacheContentType {
    /// Its name in templates; registered at the first use.
    static let contentType: String = {
        MustacheContentTypes.register(URLEscaping(), named: "URL")
        return "URL"
    }()

    package func escapeText(_ text: String) -> String { Self.escaped(text) }

    package static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}

/// Describes errors of the template engine.
private enum TemplateProblem {
    static func describing(_ error: any Error) -> ProblemList {
        guard let error = error as? MustacheTemplate.ParserError else { return ProblemList("is not a usable template") }
        let line = max(1, error.context.lineNumber - 1)  // without the pragma
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
