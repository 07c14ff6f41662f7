extension JSON {
    /// The value with U+0000 taken out of its texts and keys, which PostgreSQL cannot hold.
    package var withoutNULs: JSON {
        guard containsNUL else { return self }
        switch self {
        case .string(let text): return .string(text.replacing("\0", with: ""))
        case .array(let elements): return .array(elements.map(\.withoutNULs))
        case .object(let members):
            return .object(
                Dictionary(members.map { ($0.replacing("\0", with: ""), $1.withoutNULs) }, uniquingKeysWith: { first, _ in first }))
        default: return self
        }
    }
}
