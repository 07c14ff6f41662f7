/// Reads the members of one object and reports each that is missing or wrong.
///
/// A member that is `null` counts as left out.
struct ObjectReader {
    let members: [String: JSON]
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
