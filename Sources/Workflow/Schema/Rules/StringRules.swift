/// `minLength` and `maxLength`, in Unicode scalars (RFC 8259 characters).
struct LengthRule: SchemaRule {
    let shortest: Int?
    let longest: Int?

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .string(let text) = value else { return }
        let length = text.unicodeScalars.count
        if let shortest, length < shortest {
            run.report("must be at least \(shortest) \(Self.characters(shortest)) long", at: pointer)
        }
        if let longest, length > longest {
            run.report("must be at most \(longest) \(Self.characters(longest)) long", at: pointer)
        }
    }

    private static func characters(_ count: Int) -> String { count == 1 ? "character" : "characters" }
}

struct PatternRule: SchemaRule {
    let pattern: Pattern

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .string(let text) = value else { return }
        if !pattern.matches(text) { run.report("must match the pattern \(pattern.text)", at: pointer) }
    }
}

struct FormatRule: SchemaRule {
    let format: SchemaFormat

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .string(let text) = value else { return }
        if !format.accepts(text) { run.report("must be \(format.meaning)", at: pointer) }
    }
}
