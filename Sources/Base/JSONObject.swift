/// The members of a JSON object, in the order in which they were given.
///
/// Keys compare by code points: `"é"` as one scalar and as two are different keys (RFC 8259, 8.3), which Swift's `String`
/// would take for one. Two objects with the same members in another order are equal.
package struct JSONObject: Sendable {
    package typealias Element = (key: String, value: JSON)

    /// Objects with fewer members are searched from front to back, which is faster than hashing a key.
    private static let indexedCount = 12

    private var members: [Element] = []
    /// Where each key is; nil while there are fewer than `indexedCount` members.
    private var positions: [ExactString: Int]?

    package init() {}

    /// The members in this order; where a key comes twice, its last value at its first place.
    package init(_ members: some Sequence<(String, JSON)>) {
        for (key, value) in members { self[key] = value }
    }

    /// The members in the order of their keys' code points, so that equal dictionaries make equal texts.
    package init(_ dictionary: [String: JSON]) {
        self.init(dictionary.sorted { $0.key.codePointsPrecede($1.key) }.map { ($0.key, $0.value) })
    }

    package mutating func reserveCapacity(_ count: Int) {
        members.reserveCapacity(count)
    }

    package subscript(key: String) -> JSON? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    package subscript(key: String, default standard: @autoclosure () -> JSON) -> JSON {
        get { self[key] ?? standard() }
        set { self[key] = newValue }
    }

    /// Sets a member and returns its former value.
    package mutating func updateValue(_ value: JSON, forKey key: String) -> JSON? {
        let former = self[key]
        self[key] = value
        return former
    }

    @discardableResult
    package mutating func removeValue(forKey key: String) -> JSON? {
        guard let position = position(of: key) else { return nil }
        defer { remove(at: position) }
        return members[position].value
    }

    package var keys: [String] { members.map(\.key) }
    package var values: [JSON] { members.map(\.value) }

    package func mapValues(_ transform: (JSON) throws -> JSON) rethrows -> JSONObject {
        var result = self
        for index in members.indices { result.members[index].value = try transform(members[index].value) }
        return result
    }

    package func filter(_ isIncluded: (Element) throws -> Bool) rethrows -> JSONObject {
        JSONObject(try members.filter(isIncluded).map { ($0.key, $0.value) })
    }

    /// The members of both; where a key is in both, `combine` makes its value of the two, at its place here.
    package mutating func merge(_ other: JSONObject, _ combine: (JSON, JSON) throws -> JSON) rethrows {
        for (key, value) in other { self[key] = try self[key].map { try combine($0, value) } ?? value }
    }

    package func merging(_ other: JSONObject, _ combine: (JSON, JSON) throws -> JSON) rethrows -> JSONObject {
        var result = self
        try result.merge(other, combine)
        return result
    }

    /// The same members in the order of their keys' code points.
    var sortedByKey: JSONObject {
        JSONObject(members.sorted { $0.key.codePointsPrecede($1.key) }.map { ($0.key, $0.value) })
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[ExactString(key)] }
        return members.firstIndex { $0.key.hasSameCodePoints(as: key) }
    }

    private mutating func append(_ key: String, _ value: JSON) {
        members.append((key, value))
        if positions != nil {
            positions?[ExactString(key)] = members.count - 1
        } else if members.count >= Self.indexedCount {
            index()
        }
    }

    private mutating func remove(at position: Int) {
        members.remove(at: position)
        if positions != nil { index() }
    }

    private mutating func index() {
        var positions: [ExactString: Int] = [:]
        positions.reserveCapacity(members.count)
        for (position, member) in members.enumerated() { positions[ExactString(member.key)] = position }
        self.positions = positions
    }
}

extension JSONObject: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { members.count }
    package subscript(position: Int) -> Element { members[position] }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Where a key comes twice, the last value holds.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(elements)
    }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        for member in left.members {
            guard let other = right[member.key], other == member.value else { return false }
        }
        return true
    }

    /// The sum of the members' hashes: equal for every order.
    package func hash(into hasher: inout Hasher) {
        var sum = 0
        for (key, value) in members {
            var member = Hasher()
            member.combine(ExactString(key))
            value.hash(into: &member)
            sum &+= member.finalize()
        }
        hasher.combine(sum)
    }
}

/// A text that is compared and hashed by its code points.
package struct ExactString: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactString, right: ExactString) -> Bool {
        left.text.hasSameCodePoints(as: right.text)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}

extension String {
    /// Whether both have the same code points. `==` also takes texts for equal that differ in normalisation.
    package func hasSameCodePoints(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// The order of the code points, which is that of the bytes of UTF-8.
    package func codePointsPrecede(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }
}
