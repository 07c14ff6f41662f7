import Base

/// Reads the members of one object and reports each that is missing or wrong. A member that is `null` counts as left out.
struct ObjectReader {
    let members: JSONObject
    let pointer: String
    let problems: ProblemCollector

    /// Nil, with a problem, when the value is no object.
    init?(_ value: JSON, at pointer: String, problems: ProblemCollector) {
        guard case .object(let members) = value else {
            problems.report("must be an object, not \(value.typeName.withArticle)", at: pointer)
            return nil
        }
        self.members = members
        self.pointer = pointer
        self.problems = problems
    }

    func place(_ key: String) -> String {
        JSONPointer.appending(key, to: pointer)
    }

    func report(_ detail: String, at key: String) {
        problems.report(detail, at: place(key))
    }

    func value(_ key: String) -> JSON? {
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    /// The member, or a problem when it is left out.
    func required(_ key: String) -> JSON? {
        guard let value = value(key) else {
            report("is required", at: key)
            return nil
        }
        return value
    }

    func mismatch(_ expected: String, _ value: JSON, at key: String) {
        report("must be \(expected), not \(value.typeName.withArticle)", at: key)
    }

    /// A member that is an object.
    func object(_ key: String) -> ObjectReader? {
        guard let value = value(key) else { return nil }
        return ObjectReader(value, at: place(key), problems: problems)
    }

    /// The elements of a member that is a list; nil when left out or wrong.
    func list(_ key: String, atMost limit: Int) -> [JSON]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else {
            mismatch("a list", value, at: key)
            return nil
        }
        guard elements.count <= limit else {
            report("must have at most \(limit) elements", at: key)
            return nil
        }
        return elements
    }

    /// Reports every key that is not in `known`, with the nearest one that is.
    func refuseUnknownKeys(known: [String]) {
        for key in members.keys.sorted() where !known.contains(key) {
            problems.report("is not a known key", unknown: key, among: known, at: place(key))
        }
    }
}

extension String {
    /// "an object", "a string", "null".
    var withArticle: String {
        switch self {
        case "null": "null"
        case "integer", "object", "array": "an \(self)"
        default: "a \(self)"
        }
    }
}

extension ObjectReader {
    /// A text of at most `limit` Unicode scalars that is not blank.
    func text(_ key: String, atMost limit: Int) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else {
            let hint = value.object == nil && value.array == nil ? "; write it in quotes" : ""
            let type = value.double == nil ? value.typeName : "number"
            report("must be a string, not \(type.withArticle)\(hint)", at: key)
            return nil
        }
        guard !text.allSatisfy(\.isWhitespace) else {
            report("must not be empty", at: key)
            return nil
        }
        guard text.unicodeScalars.count <= limit else {
            report("must be at most \(limit) characters long", at: key)
            return nil
        }
        return text
    }

    /// A text that must be there.
    func requiredText(_ key: String, atMost limit: Int) -> String? {
        guard required(key) != nil else { return nil }
        return text(key, atMost: limit)
    }

    /// A whole number within `range`.
    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = value.int else {
            mismatch("a whole number", value, at: key)
            return nil
        }
        guard range.contains(number) else {
            report("must be from \(range.lowerBound) to \(range.upperBound)", at: key)
            return nil
        }
        return number
    }

    /// Any number within `range`.
    func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let number = number(key) else { return nil }
        guard range.contains(number) else {
            report("must be from \(JSON.text(of: range.lowerBound)) to \(JSON.text(of: range.upperBound))", at: key)
            return nil
        }
        return number
    }

    /// Any number.
    func number(_ key: String) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.double else {
            mismatch("a number", value, at: key)
            return nil
        }
        return number
    }

    /// `true` or `false`.
    func flag(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.bool else {
            mismatch("true or false", value, at: key)
            return nil
        }
        return flag
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

    /// One of the words of an enumeration.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String, as type: Word.Type) -> Word? {
        guard let value = value(key) else { return nil }
        let words = Word.allCases.map(\.rawValue)
        guard case .string(let text) = value, let word = Word(rawValue: text) else {
            problems.report(
                "must be one of \(words.joined(separator: ", "))", unknown: value.string ?? "", among: words, at: place(key))
            return nil
        }
        return word
    }

    /// A list of texts.
    func texts(_ key: String, atMost limit: Int, length: Int) -> [String]? {
        guard let elements = list(key, atMost: limit) else { return nil }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard case .string(let text) = element, !text.isEmpty, text.unicodeScalars.count <= length else {
                problems.report(
                    "must be a string of 1 to \(length) characters", at: JSONPointer.appending(index, to: place(key)))
                continue
            }
            texts.append(text)
        }
        return texts
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
    func template(_ key: String, required isRequired: Bool = false) -> String? {
        guard let text = isRequired ? requiredText(key, atMost: 65_536) : text(key, atMost: 65_536) else { return nil }
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
    func expression(_ key: String, required isRequired: Bool = false) -> PathExpression? {
        let limit = PathExpression.maxLength
        return (isRequired ? requiredText(key, atMost: limit) : text(key, atMost: limit)).map { PathExpression($0) }
    }
}
