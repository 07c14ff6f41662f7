import Base
import Foundation

/// Finds out, where that is plain, that no object fits a schema. A schema that is not refused may still fit none.
struct SchemaFit {
    private static let maxDepth = 16

    private let document: JSON
    /// How many more schemas are looked at: references can multiply them.
    private var looks = 10_000

    private init(_ document: JSON) {
        self.document = document
    }

    static func refusesEveryObject(_ schema: JSON) -> Bool {
        var fit = SchemaFit(schema)
        return fit.refusesEveryObject(schema, depth: 0)
    }

    private mutating func refusesEveryObject(_ schema: JSON, depth: Int) -> Bool {
        looks -= 1
        guard depth < Self.maxDepth, looks > 0 else { return false }
        if schema == .bool(false) { return true }
        guard let keywords = schema.object else { return false }
        if let type = keywords["type"], !(type.array ?? [type]).contains("object") { return true }
        if let values = keywords["enum"]?.array, !values.contains(where: { $0.object != nil }) { return true }
        if let value = keywords["const"], value.object == nil { return true }
        if let refusing = keywords["not"], refusing == .bool(true) || refusing == [:] { return true }
        var all = keywords["allOf"]?.array ?? []
        if let target = keywords["$ref"]?.string.flatMap(document.target(ofReference:)) { all.append(target) }
        for part in all where refusesEveryObject(part, depth: depth + 1) { return true }
        for key in ["anyOf", "oneOf"] {
            guard let parts = keywords[key]?.array, !parts.isEmpty else { continue }
            if parts.allSatisfy({ refusesEveryObject($0, depth: depth + 1) }) { return true }
        }
        return Self.refusesItsMembers(keywords)
    }

    /// Whether members are required that are not allowed.
    private static func refusesItsMembers(_ keywords: JSONObject) -> Bool {
        let properties = keywords["properties"]?.object ?? [:]
        let required = Set((keywords["required"]?.array ?? []).compactMap(\.string).map { ExactString($0) })
        let isClosed = keywords["additionalProperties"] == .bool(false) && keywords["patternProperties"] == nil
        if required.contains(where: { properties[$0.text] == .bool(false) || isClosed && properties[$0.text] == nil }) { return true }
        let least = max(required.count, keywords["minProperties"]?.int ?? 0)
        let most = min(keywords["maxProperties"]?.int ?? .max, isClosed ? properties.count : .max)
        return least > most
    }
}

extension JSON {
    /// What a local reference of a schema, such as `#/$defs/name`, points to in this document.
    func target(ofReference reference: String) -> JSON? {
        guard reference.hasPrefix("#"), let pointer = reference.dropFirst().removingPercentEncoding,
            let path = JSONPointer.parts(of: pointer)
        else { return nil }
        return path.reduce(self as JSON?) { value, part in value?[part] ?? Int(part).flatMap { value?[$0] } }
    }
}
