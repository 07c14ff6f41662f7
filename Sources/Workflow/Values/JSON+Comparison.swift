extension JSON {
    /// Whether both are the same JSON value: numbers compare by their mathematical value (JSON Schema 2020-12, core 4.2.2).
    package func isSameValue(as other: JSON) -> Bool {
        switch (self, other) {
        case (.integer(let whole), .number(let double)), (.number(let double), .integer(let whole)):
            Int64(exactly: double) == whole
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSameValue(as: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.allSatisfy { key, value in right[key]?.isSameValue(as: value) ?? false }
        default:
            self == other
        }
    }

    /// Whether a text or key in here holds U+0000, which PostgreSQL's `jsonb` and `text` cannot store.
    package var containsNUL: Bool { firstNUL() != nil }

    /// The JSON pointer of the first text (or key) that holds U+0000; nil when there is none.
    package func firstNUL(at pointer: String = "") -> String? {
        switch self {
        case .string(let value):
            return value.utf8.contains(0) ? pointer : nil
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                if let found = element.firstNUL(at: JSONPointer.appending(index, to: pointer)) { return found }
            }
            return nil
        case .object(let members):
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                let place = JSONPointer.appending(key, to: pointer)
                if key.utf8.contains(0) { return place }
                if let found = value.firstNUL(at: place) { return found }
            }
            return nil
        default:
            return nil
        }
    }
}
