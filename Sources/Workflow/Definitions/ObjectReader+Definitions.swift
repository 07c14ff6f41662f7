import Base

/// What only definitions have.
extension ObjectReader {
    /// A text that is not blank.
    func text(_ key: String, isRequired: Bool = false, maxLength: Int) -> String? {
        guard let text = string(key, isRequired: isRequired, maxLength: maxLength) else { return nil }
        guard !text.allSatisfy(\.isWhitespace) else {
            report("must not be empty", at: key)
            return nil
        }
        return text
    }

    /// A duration such as `500ms 30s 10m 2h 3d`; `0s` only where `zeroAllowed`.
    func duration(_ key: String, zeroAllowed: Bool = false) -> Duration? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value, let duration = DurationText.parse(text) else {
            report("must be a duration such as 500ms, 30s, 10m, 2h or 3d", at: key)
            return nil
        }
        guard zeroAllowed || duration > .zero else {
            report("must be longer than 0", at: key)
            return nil
        }
        return duration
    }

    /// A JSON Schema; nil when left out or wrong.
    func schema(_ key: String) -> JSON? {
        guard let schema = value(key) else { return nil }
        do {
            _ = try JSONSchema(schema)
            return schema
        } catch {
            problems.report(error, at: place(key))
            return nil
        }
    }

    /// A Mustache template.
    func template(_ key: String, isRequired: Bool = false) -> String? {
        guard let text = text(key, isRequired: isRequired, maxLength: 65_536) else { return nil }
        do {
            _ = try PromptTemplate(text)
        } catch {
            problems.report(error, at: place(key))
        }
        return text
    }

    /// Reports what is wrong with the Mustache templates in a JSON value, each text of which is one.
    func checkTemplates(_ value: JSON, at key: String) {
        do {
            _ = try JSONTemplate(value)
        } catch {
            problems.report(error, at: place(key))
        }
    }

    /// An SQL/JSON path.
    func expression(_ key: String, isRequired: Bool = false) -> PathExpression? {
        text(key, isRequired: isRequired, maxLength: PathExpression.maxLength).map { PathExpression($0) }
    }
}
