import Base

/// JSON values for people.
enum ValueText {
    /// A text, in a terminal broken between words, or else JSON over several lines, which are left whole: broken texts in it
    /// would be no JSON.
    static func lines(_ value: JSON) -> String {
        if let text = value.string { return TextWrap.terminal(SafeText.lines(text)) }
        return SafeText.lines(indented(value, ""))
    }

    /// In one line, cut at `width` columns.
    static func line(_ value: JSON, width: Int = 60) -> String {
        // Only the beginning is shown, so that a long text is not cleaned as a whole.
        let text = value.string ?? value.text
        return DisplayWidth.prefix(SafeText.line(String(text.prefix(width * 4))), width)
    }

    /// The values of a form, in one line: `approved: false, comments: Too long.`
    static func answer(_ value: JSON) -> String {
        guard let members = value.object else { return SafeText.line(value.string ?? value.text) }
        return SafeText.line(members.map { "\($0.key): \($0.value.string ?? $0.value.text)" }.joined(separator: ", "))
    }

    private static func indented(_ value: JSON, _ margin: String) -> String {
        let inner = margin + "  "
        if let members = value.object, !members.isEmpty {
            let lines = members.map { "\(inner)\(JSON.string($0.key).text): \(indented($0.value, inner))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(margin)}"
        }
        if let items = value.array, !items.isEmpty {
            return "[\n" + items.map { inner + indented($0, inner) }.joined(separator: ",\n") + "\n\(margin)]"
        }
        return value.text
    }
}
