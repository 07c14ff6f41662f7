import Base

/// Checks a template before it is parsed: bounds its nesting, which the parser does not, and refuses partials.
struct TemplateScan {
    static let maxDepth = 32

    private let characters: [Character]
    private var position = 0
    private var line = 1
    private var open = Array("{{"), close = Array("}}")

    static func check(_ text: String) throws(ProblemList) {
        var scan = TemplateScan(characters: Array(text))
        try scan.run()
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
            case "/":
                depth = max(0, depth - 1)
            case ">", "<", "$":
                throw failure("uses a partial, and partials are not available in prompts")
            case "!":
                guard advance(past: close) else { throw failure("has a comment that is not closed") }
            case "=":
                try readDelimiters()
            default:
                if characters[position...].starts(with: close) { throw failure("has a tag without a name") }
            }
        }
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
