import Base
import Foundation

/// Encodes Swift values as JSON with the members in the order in which a value encodes them, which Foundation's encoder
/// does not keep.
///
/// As with Foundation's, `Data` becomes base64, a URL its text and a `Decimal` a number; NaN and infinity are refused. Dates
/// are ISO 8601. The members of a dictionary, which has no order, are sorted by their keys.
enum OrderedEncoder {
    static func encode(_ value: some Encodable) throws -> JSON {
        let node = EncodedNode()
        try node.encode(value, at: [])
        let json = node.json
        guard json.depth <= JSONLimits.made.depth else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: [], debugDescription: "It is nested deeper than \(JSONLimits.made.depth)."))
        }
        return json
    }
}

/// A place in the JSON that is being encoded.
private final class EncodedNode {
    private enum Content {
        case value(JSON)
        case members([(key: String, node: EncodedNode)])
        case elements([EncodedNode])
    }

    /// A value that encodes nothing is an empty object.
    private var content = Content.members([])

    var json: JSON {
        switch content {
        case .value(let value): value
        case .members(let members): .object(JSONObject(members.map { ($0.key, $0.node.json) }))
        case .elements(let elements): .array(elements.map(\.json))
        }
    }

    var count: Int {
        if case .elements(let elements) = content { elements.count } else { 0 }
    }

    func beginArray() {
        if case .elements = content { return }
        content = .elements([])
    }

    func member(_ key: String) -> EncodedNode {
        let node = EncodedNode()
        guard case .members(var members) = content else {
            content = .members([(key, node)])
            return node
        }
        content = .members([])  // keeps the storage unique, so that it is not copied
        members.append((key, node))
        content = .members(members)
        return node
    }

    func element() -> EncodedNode {
        let node = EncodedNode()
        guard case .elements(var elements) = content else {
            content = .elements([node])
            return node
        }
        content = .elements([])
        elements.append(node)
        content = .elements(elements)
        return node
    }

    func encodeNil() { content = .value(.null) }

    func encode(_ value: some Encodable, at path: [any CodingKey]) throws {
        switch value {
        case let value as JSON: content = .value(value)
        case let value as String: content = .value(.string(value))
        case let value as Bool: content = .value(.bool(value))
        case let value as any FixedWidthInteger:
            content = .value(Int64(exactly: value).map(JSON.integer) ?? .decimal("\(value)"))
        // The shortest text of a float, so that 0.1 stays 0.1.
        case let value as Float: content = .value(try Self.number(Double("\(value)") ?? Double(value), at: path))
        case let value as Double: content = .value(try Self.number(value, at: path))
        case let value as Decimal: content = .value(try Self.number(value, at: path))
        case let value as Date: content = .value(.string(value.formatted(.iso8601)))
        case let value as Data: content = .value(.string(value.base64EncodedString()))
        case let value as URL: content = .value(.string(value.absoluteString))
        case let value as any DictionaryByText:
            for (key, member) in value.sortedMembers { try self.member(key).encode(member, at: path + [TextKey(key)]) }
        default: try value.encode(to: NodeEncoder(node: self, codingPath: path))
        }
    }

    private static func number(_ value: Double, at path: [any CodingKey]) throws -> JSON {
        guard value.isFinite else {
            throw EncodingError.invalidValue(value, .init(codingPath: path, debugDescription: "JSON has no \(value)."))
        }
        return .number(value)
    }

    private static func number(_ value: Decimal, at path: [any CodingKey]) throws -> JSON {
        guard value.isFinite, let json = try? JSON(parsing: "\(value)") else {
            throw EncodingError.invalidValue(value, .init(codingPath: path, debugDescription: "JSON has no \(value)."))
        }
        return json
    }
}

private protocol DictionaryByText {
    var sortedMembers: [(key: String, value: any Encodable)] { get }
}

extension Dictionary: DictionaryByText where Key == String, Value: Encodable {
    fileprivate var sortedMembers: [(key: String, value: any Encodable)] {
        sorted { $0.key.codePointsPrecede($1.key) }.map { ($0.key, $0.value) }
    }
}

private struct TextKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ text: String) { stringValue = text }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

private struct IndexKey: CodingKey {
    let index: Int
    var stringValue: String { "\(index)" }
    var intValue: Int? { index }

    init(_ index: Int) { self.index = index }
    init?(stringValue: String) { nil }
    init?(intValue: Int) { index = intValue }
}

private struct NodeEncoder: Encoder {
    let node: EncodedNode
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(MemberContainer(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.beginArray()
        return ElementContainer(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        ValueContainer(node: node, codingPath: codingPath)
    }
}

private struct ValueContainer: SingleValueEncodingContainer {
    let node: EncodedNode
    let codingPath: [any CodingKey]

    func encodeNil() { node.encodeNil() }
    func encode<Value: Encodable>(_ value: Value) throws { try node.encode(value, at: codingPath) }
}

private struct MemberContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: EncodedNode
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) { node.member(key.stringValue).encodeNil() }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try node.member(key.stringValue).encode(value, at: codingPath + [key])
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        encoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder(TextKey("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }

    private func encoder(_ key: some CodingKey) -> NodeEncoder {
        NodeEncoder(node: node.member(key.stringValue), codingPath: codingPath + [key])
    }
}

private struct ElementContainer: UnkeyedEncodingContainer {
    let node: EncodedNode
    let codingPath: [any CodingKey]
    var count: Int { node.count }

    func encodeNil() { node.element().encodeNil() }

    func encode<Value: Encodable>(_ value: Value) throws {
        let path = codingPath + [IndexKey(count)]
        try node.element().encode(value, at: path)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        encoder().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder() }

    private func encoder() -> NodeEncoder {
        let path = codingPath + [IndexKey(count)]
        return NodeEncoder(node: node.element(), codingPath: path)
    }
}
