/// Reads the members of one object strictly: a key that is missing, unknown or of the wrong type becomes a problem with
/// its pointer. A member that is `null` counts as left out.
///
/// All readers of a document report to one ``ProblemCollector``. The keys that have been asked for are the known ones, so
/// `refuseUnknownKeys()` comes after all reads.
package final class ObjectReader {
    package let members: JSONObject
    /// The place of the object in its document.
    package let pointer: String
    package let problems: ProblemCollector
    /// Any other value is a problem. It has no members, and none of them is reported as missing.
    package let isObject: Bool
    private var known: [String] = []

    package init(_ value: JSON, at pointer: String = "", problems: ProblemCollector = ProblemCollector()) {
        members = value.object ?? [:]
        isObject = value.object != nil
        self.pointer = pointer
        self.problems = problems
        if !isObject { problems.report("must be an object, not \(value.typeInWords)", at: pointer) }
    }

    /// The place of a member.
    package func place(_ key: String) -> String {
        JSONPointer.appending(key, to: pointer)
    }

    package func report(_ detail: String, at key: String) {
        problems.report(detail, at: place(key))
    }

    package func mismatch(_ expected: String, _ value: JSON, at key: String) {
        report("must be \(expected), not \(value.typeInWords)", at: key)
    }

    /// Reports every key that has not been asked for, with the nearest one that has.
    package func refuseUnknownKeys() {
        for (key, _) in members where !known.contains(key) {
            problems.report("is not a known key", unknown: key, among: known, at: place(key))
        }
    }

    /// The members that have not been asked for.
    package var unread: JSONObject {
        members.filter { !known.contains($0.key) }
    }

    private func note(_ key: String) {
        if !known.contains(key) { known.append(key) }
    }
}

// MARK: Members of any type

extension ObjectReader {
    /// Whether the object has the key, also with `null`.
    package func has(_ key: String) -> Bool {
        note(key)
        return members[key] != nil
    }

    /// The member as it is; nil when it is left out or `null`.
    package func value(_ key: String) -> JSON? {
        note(key)
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    /// The member, or a problem when it is left out.
    package func required(_ key: String) -> JSON? {
        if let value = value(key) { return value }
        if isObject { report("is required", at: key) }
        return nil
    }
}

// MARK: Objects and lists

extension ObjectReader {
    package func object(_ key: String) -> JSON? {
        guard let value = value(key) else { return nil }
        guard value.object != nil else {
            mismatch("an object", value, at: key)
            return nil
        }
        return value
    }

    /// A reader of a member that is an object; nil when it is left out.
    package func nested(_ key: String) -> ObjectReader? {
        value(key).map { ObjectReader($0, at: place(key), problems: problems) }
    }

    /// The elements of a member that is a list; nil when it is left out or wrong.
    package func list(_ key: String, maxCount: Int) -> [JSON]? {
        guard let value = value(key) else { return nil }
        guard let elements = value.array else {
            mismatch("a list", value, at: key)
            return nil
        }
        guard elements.count <= maxCount else {
            report("must have at most \(maxCount) elements", at: key)
            return nil
        }
        return elements
    }

    /// Readers of the elements of a list of objects; nil when it is left out or wrong.
    package func objects(_ key: String, maxCount: Int) -> [ObjectReader]? {
        list(key, maxCount: maxCount)?.enumerated().map { index, element in
            ObjectReader(element, at: JSONPointer.appending(index, to: place(key)), problems: problems)
        }
    }

    /// A list of texts that are not empty; those that are wrong are left out.
    package func strings(_ key: String, maxCount: Int, maxLength: Int) -> [String]? {
        list(key, maxCount: maxCount)?.enumerated().compactMap { index, element in
            if let text = element.string, (1...maxLength).contains(text.unicodeScalars.count) { return text }
            problems.report("must be a string of 1 to \(maxLength) characters", at: JSONPointer.appending(index, to: place(key)))
            return nil
        }
    }
}

// MARK: Single values

extension ObjectReader {
    /// A text that is not empty.
    ///
    /// - Parameter maxLength: in Unicode scalars.
    package func string(_ key: String, isRequired: Bool = false, maxLength: Int = 200) -> String? {
        guard let value = isRequired ? required(key) : value(key) else { return nil }
        guard let text = value.string else {
            // YAML reads a plain `1.0` or `true` as another type.
            let isScalar = value.array == nil && value.object == nil
            let hint = isScalar && problems.isYAML ? "; write it in quotes" : ""
            report("must be a string, not \(value.typeInWords)\(hint)", at: key)
            return nil
        }
        guard (1...maxLength).contains(text.unicodeScalars.count) else {
            report(text.isEmpty ? "must not be empty" : "must have at most \(maxLength) characters", at: key)
            return nil
        }
        return text
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        // A whole number that no `Int` holds is in no range.
        guard value.int != nil || value.typeName == "integer" else {
            mismatch("a whole number", value, at: key)
            return nil
        }
        guard let number = value.int, range.contains(number) else {
            report("must be from \(range.lowerBound) to \(range.upperBound)", at: key)
            return nil
        }
        return number
    }

    package func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let number = number(key) else { return nil }
        guard range.contains(number) else {
            report("must be from \(JSON.text(of: range.lowerBound)) to \(JSON.text(of: range.upperBound))", at: key)
            return nil
        }
        return number
    }

    package func number(_ key: String) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.double else {
            mismatch("a number", value, at: key)
            return nil
        }
        return number
    }

    package func boolean(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.bool else {
            mismatch("true or false", value, at: key)
            return nil
        }
        return flag
    }

    /// One of the words of an enumeration.
    package func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String, as: Word.Type = Word.self) -> Word? {
        word(key, among: Word.allCases.map(\.rawValue)).flatMap(Word.init(rawValue:))
    }

    package func word(_ key: String, among words: [String]) -> String? {
        guard let value = value(key) else { return nil }
        guard let word = value.string, words.contains(word) else {
            let detail = "must be one of \(words.joined(separator: ", "))"
            problems.report(detail, unknown: value.string ?? "", among: words, at: place(key))
            return nil
        }
        return word
    }

    /// A point in time, in the form the database reads.
    package func timestamp(_ key: String) -> String? {
        guard let value = value(key) else { return nil }
        guard let time = value.string.flatMap(Timestamp.normalized) else {
            report(Timestamp.expectation, at: key)
            return nil
        }
        return time
    }
}

// MARK: Types in words

extension JSON {
    /// "an object", "a string", "null". A number with a fraction is "a number", even `1.0`.
    fileprivate var typeInWords: String {
        if case .number = self { "a number" } else { typeName.withArticle }
    }
}

extension String {
    /// The name of a JSON type with its article; "null" has none.
    package var withArticle: String {
        switch self {
        case "null": "null"
        case "integer", "object", "array": "an \(self)"
        default: "a \(self)"
        }
    }
}
