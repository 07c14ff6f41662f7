package import Base
public import Foundation
import Workflow

/// A JSON object as the service sent it: a row with all its columns, or a whole state.
public struct Document: Sendable, Hashable {
    package let json: JSON

    package init(_ json: JSON) { self.json = json }

    /// The JSON text, UTF-8, with the members in the order in which the service sent them, and every digit of a whole number.
    public var data: Data { Data(json.utf8) }

    /// Decodes the document; its keys are `snake_case`.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: data)
    }
}

extension Document {
    func text(_ key: String) -> String { json[key]?.string ?? "" }
    func optionalText(_ key: String) -> String? { json[key]?.string }
    func number(_ key: String) -> Double? { json[key]?.double }
    func integer(_ key: String) -> Int? { json[key]?.int }
    func flag(_ key: String) -> Bool? { json[key]?.bool }

    /// The objects in a list; empty when there is no list.
    func documents(_ key: String) -> [Document] { (json[key]?.array ?? []).map { Document($0) } }

    /// `message` of an `error` column.
    var errorMessage: String? { errorMessage("error") }

    func errorMessage(_ key: String) -> String? {
        guard let error = json[key], !error.isNull else { return nil }
        return error["message"]?.string ?? error["code"]?.string ?? error.text
    }
}

/// A part of a list, newest first.
public struct Page<Item: Sendable>: Sendable {
    public let items: [Item]
    /// What `after:` takes for the next part; nil on the last.
    public let next: String?
    /// The whole response: `{"items": […], "next": …}`.
    public let document: Document

    /// How many items the list has; nil where it was not asked for.
    public var total: Int? { document.integer("total") }
    /// Whether the list may have more than `total`.
    public var isTotalFloor: Bool { document.flag("total_is_floor") ?? false }
}

extension Page: Equatable where Item: Equatable {}
