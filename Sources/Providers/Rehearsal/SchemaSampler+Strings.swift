import Workflow

extension SchemaSampler {
    /// A text that fits the name of its property, the format, the pattern and the bounds on its length.
    mutating func string(_ schema: JSON, key: String, mood: Bool?) -> String {
        if let format = schema["format"]?.string, let text = formatted(format) { return text }
        if let pattern = schema["pattern"]?.string { return matching(pattern, schema) }
        return fitted(text(for: key, mood: mood), to: schema)
    }

    private mutating func text(for key: String, mood: Bool?) -> String {
        switch key {
        case "reasoning", "reason", "feedback", "comment", "comments", "explanation", "rationale", "justification":
            prose.remark(approving: mood, using: &generator)
        case "text", "content", "draft", "body", "post", "article":
            prose.post(using: &generator)
        case "topic", "title", "subject", "headline":
            prose.topic
        default:
            prose.phrase(using: &generator)
        }
    }

    private mutating func formatted(_ format: String) -> String? {
        let day = "2026-0\(1 + index(below: 9))-1\(index(below: 9))"
        switch format {
        case "date": return day
        case "date-time": return day + "T12:00:00Z"
        case "time": return "12:00:00Z"
        case "duration": return "PT\(1 + index(below: 9))H"
        case "email": return "rehearsal@example.com"
        case "hostname": return "example.com"
        case "ipv4": return "192.0.2.\(1 + index(below: 250))"
        case "ipv6": return "2001:db8::\(1 + index(below: 9))"
        case "uri", "iri", "uri-reference": return "https://example.com/rehearsal"
        case "uuid": return uuid()
        default: return nil
        }
    }

    private mutating func uuid() -> String {
        var digits = (0..<32).map { _ in "0123456789abcdef".randomElement(using: &generator) ?? "0" }
        digits[12] = "4"
        digits[16] = "8"
        for dash in [20, 16, 12, 8] { digits.insert("-", at: dash) }
        return String(digits)
    }

    /// The first of some likely texts that the pattern matches.
    private mutating func matching(_ pattern: String, _ schema: JSON) -> String {
        guard let regex = try? Regex(pattern) else { return fitted("rehearsal", to: schema) }
        let phrase = prose.phrase(using: &generator)
        let slug = phrase.replacing(" ", with: "-")
        let number = String(1 + index(below: 9))
        let candidates = [
            phrase, slug, slug.replacing("-", with: "_"), "rehearsal", "Rehearsal", "REHEARSAL", "R\(number)",
            "REHEARSAL-\(number)", "R-\(number)", number, "\(number).0.0", "\(number).0", "2026-01-1\(number)",
            "#a1b2c\(number)", uuid(),
        ]
        // Repetitions of one character cover what asks for an exact length.
        let repeated = ["0", number, "a", "A"].flatMap { character in
            (1...40).map { String(repeating: character, count: $0) }
        }
        return (candidates + repeated).first { text in
            text.firstMatch(of: regex) != nil && fitted(text, to: schema) == text
        } ?? fitted("rehearsal", to: schema)
    }

    /// `text` lengthened or cut to the bounds of the schema, which count Unicode scalars.
    private func fitted(_ text: String, to schema: JSON) -> String {
        var scalars = text.unicodeScalars
        let minimum = min(schema["minLength"]?.int ?? 0, 1_000_000)
        let padding = " rehearsal"
        let missing = max(0, minimum - scalars.count)
        let repetitions = (missing + padding.utf8.count - 1) / padding.utf8.count
        scalars.append(contentsOf: String(repeating: padding, count: repetitions).unicodeScalars)
        let maximum = max(0, schema["maxLength"]?.int ?? Int.max)
        guard scalars.count > maximum else { return String(scalars) }
        return String(String.UnicodeScalarView(scalars.prefix(maximum)))
    }
}
