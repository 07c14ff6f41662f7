import Base

/// A tag of a template that has a name.
struct TemplateTag: Equatable {
    enum Kind: Equatable {
        case value, section, invertedSection, end
    }

    let kind: Kind
    /// Without the functions around it: `b` of `{{a(b)}}`.
    let name: String
    /// The outermost first.
    let functions: [String]
}

/// Checks a template before it is parsed: bounds its nesting, which the parser does not, and refuses partials.
struct TemplateScan {
    static let maxDepth = 32

    private let characters: [Character]
    private var position = 0
    private var line = 1
    private var open = Array("{{"), close = Array("}}")
    private var tags: [TemplateTag] = []

    static func check(_ text: String) throws(ProblemList) {
        _ = try tags(of: text)
    }

    /// The tags with names, in their order.
    static func tags(of text: String) throws(ProblemList) -> [TemplateTag] {
        var scan = TemplateScan(characters: Array(text))
        try scan.run()
        return scan.tags
    }

    private init(characters: [Character]) {
        self.characters = characters
    }

    private mutating func run() throws(ProblemList) {
        var depth = 0
        while advance(past: open) {
            guard position < characters.count else { throw failure("has a tag that is not closed") }
            switch characters[position] {
            case "#", "^":
                depth += 1
                if depth > Self.maxDepth { throw failure("nests sections deeper than \(Self.maxDepth)") }
                readTag(characters[position] == "#" ? .section : .invertedSection, from: position + 1)
            case "/":
                depth = max(0, depth - 1)
                readTag(.end, from: position + 1)
            case ">", "<", "$":
                throw failure("uses a partial, and partials are not available in prompts")
            case "!":
                guard advance(past: close) else { throw failure("has a comment that is not closed") }
            case "=":
                try readDelimiters()
            case "%":
                break  // tells the content type
            case "{", "&":
                readTag(.value, from: position + 1)
            default:
                if characters[position...].starts(with: close) { throw failure("has a tag without a name") }
                readTag(.value, from: position)
            }
        }
    }

    /// Notes the tag that is open. One that is not closed is left to the parser.
    private mutating func readTag(_ kind: TemplateTag.Kind, from start: Int) {
        guard let end = characters[start...].indices.first(where: { characters[$0...].starts(with: close) }) else { return }
        var parts = String(characters[start..<end]).trimmingWhitespace.split(separator: "(", omittingEmptySubsequences: false)
        let name = parts.removeLast().prefix { $0 != ")" }
        tags.append(TemplateTag(kind: kind, name: String(name), functions: parts.map(String.init)))
    }

    /// `=<open> <close>=` up to the current closing delimiter.
    private mutating func readDelimiters() throws(ProblemList) {
        position += 1
        let start = position
        let ending = ["="] + close
        guard advance(past: ending) else { throw failure("has a malformed tag that sets delimiters") }
        let inner = characters[start..<(position - ending.count)]
        let parts = inner.split(whereSeparator: \.isWhitespace)
        guard parts.count == 2, parts.allSatisfy({ $0.allSatisfy(Self.isDelimiter) }) else {
            throw failure("sets delimiters that are not two groups of punctuation")
        }
        (open, close) = (Array(parts[0]), Array(parts[1]))
    }

    /// Names cannot contain these, so a tag ends where it seems to.
    private static func isDelimiter(_ character: Character) -> Bool {
        "{}[]<>%|@~+:;,!#&$^\\/\"'`".contains(character)
    }

    /// Moves behind the next `pattern`; false, and to the end, when there is none.
    private mutating func advance(past pattern: [Character]) -> Bool {
        while position < characters.count {
            if characters[position...].starts(with: pattern) {
                position += pattern.count
                return true
            }
            if characters[position].isNewline { line += 1 }
            position += 1
        }
        return false
    }

    private func failure(_ detail: String) -> ProblemList {
        ProblemList("is not a usable template: it \(detail) (line \(line))")
    }
}

extension String {
    fileprivate var trimmingWhitespace: Substring {
        let start = drop(while: \.isWhitespace)
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
    }
}
