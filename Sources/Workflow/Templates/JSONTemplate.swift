package import Base

/// A JSON value whose texts are templates.
///
/// A text that is one tag and nothing else, `"{{phases.plan.topics}}"`, becomes the value that it names, of whatever
/// type, and `null` where there is none; in every other text tags are rendered as in prompts.
package struct JSONTemplate: Sendable {
    private let value: JSON

    /// Throws what is wrong with the templates in it, with pointers into the value.
    package init(_ value: JSON) throws(ProblemList) {
        var problems: [Problem] = []
        Self.check(value, at: "", &problems)
        guard problems.isEmpty else { throw ProblemList(problems) }
        self.value = value
    }

    /// - Parameter limit: of the value, about, in bytes as JSON text.
    /// - Throws: when it has more.
    package func render(_ context: JSON, atMost limit: Int = TemplateBudget.maxBytes) throws(ProblemList) -> JSON {
        var left = limit
        let rendered = Self.render(value, context, &left)
        guard left > 0 else { throw ProblemList("has more than \(limit) bytes with the values of its templates") }
        return rendered
    }

    /// - Parameter left: how many bytes are left; nothing is rendered below zero.
    private static func render(_ value: JSON, _ context: JSON, _ left: inout Int) -> JSON {
        guard left > 0 else { return .null }
        switch value {
        case .string(let text):
            let rendered = render(text, context, atMost: left)
            left -= rendered.utf8.count
            return rendered
        case .array(var elements):
            for index in elements.indices { elements[index] = render(elements[index], context, &left) }
            return .array(elements)
        case .object(let members):
            return .object(members.mapValues { render($0, context, &left) })
        default: return value
        }
    }

    private static func render(_ text: String, _ context: JSON, atMost limit: Int) -> JSON {
        if let path = path(in: text) { return find(path, in: context) }
        guard let template = try? PromptTemplate(text) else { return .string(text) }
        return .string(template.render(context, atMost: limit))
    }

    /// The parts of the name when the text is one plain tag.
    private static func path(in text: String) -> [Substring]? {
        guard text.hasPrefix("{{"), text.hasSuffix("}}"), text.utf8.count > 4 else { return nil }
        let name = text.dropFirst(2).dropLast(2).drop { $0 == " " }
        let bare = name.prefix { $0 != " " }
        guard !bare.isEmpty, name.dropFirst(bare.count).allSatisfy({ $0 == " " }), bare.first != ".",
            bare.utf8.allSatisfy({ byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            })
        else { return nil }
        return bare.split(separator: ".", omittingEmptySubsequences: false)
    }

    private static func find(_ path: [Substring], in context: JSON) -> JSON {
        var place = context
        for part in path {
            guard let next = place[String(part)] ?? Int(part).flatMap({ place[$0] }) else { return .null }
            place = next
        }
        return place
    }

    private static func check(_ value: JSON, at pointer: String, _ problems: inout [Problem]) {
        switch value {
        case .string(let text):
            do {
                _ = try PromptTemplate(text)
            } catch {
                problems += error.problems.map { Problem(pointer: pointer + $0.pointer, detail: $0.detail) }
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                check(element, at: JSONPointer.appending(index, to: pointer), &problems)
            }
        case .object(let members):
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                check(member, at: JSONPointer.appending(key, to: pointer), &problems)
            }
        default: break
        }
    }
}
