import Base

/// What is known of a value before there is one: which names a template can use of it.
indirect enum TemplateShape: Sendable {
    /// Nothing is known: every name may be there.
    case any
    /// A text, a number, true or false.
    case scalar
    case list(TemplateShape)
    case object(Members)

    struct Members: Sendable {
        var known: [String: TemplateShape]
        /// Whether there may be others.
        var isOpen: Bool

        var names: [String] { known.keys.sorted() }
    }

    static func object(_ known: [String: TemplateShape], isOpen: Bool = false) -> TemplateShape {
        .object(Members(known: known, isOpen: isOpen))
    }

    /// An object of scalars, and no other member.
    static func scalars(_ names: String...) -> TemplateShape {
        .object(Dictionary(names.map { ($0, .scalar) }) { first, _ in first })
    }
}

// MARK: - JSON Schemas

extension TemplateShape {
    /// The shape of the values that fit a JSON Schema.
    init(schema: JSON) {
        var reader = SchemaShape(document: schema)
        self = reader.shape(of: schema, depth: 0)
    }
}

/// Reads the shape out of a schema. What the parts of a combination name may all be there.
private struct SchemaShape {
    private static let maxDepth = 16

    let document: JSON
    /// How many more schemas are looked at: references can multiply them.
    private var looks = 10_000

    init(document: JSON) {
        self.document = document
    }

    mutating func shape(of schema: JSON, depth: Int) -> TemplateShape {
        looks -= 1
        guard depth < Self.maxDepth, looks > 0, let keywords = schema.object else { return .any }
        var types = Set((keywords["type"]?.array ?? keywords["type"].map { [$0] } ?? []).compactMap(\.string))
        types.remove("null")
        if types.isSubset(of: ["string", "number", "integer", "boolean"]), !types.isEmpty { return .scalar }
        if types == ["array"] {
            guard keywords["prefixItems"] == nil, let items = keywords["items"] else { return .list(.any) }
            return .list(shape(of: items, depth: depth + 1))
        }
        let parts = parts(of: keywords)
        guard types.isSubset(of: ["object"]) else { return .any }
        var members = TemplateShape.Members(known: [:], isOpen: true)
        for (name, property) in keywords["properties"]?.object ?? [:] {
            members.known[name] = shape(of: property, depth: depth + 1)
        }
        for part in parts {
            switch shape(of: part, depth: depth + 1) {
            case .object(let more): members.known.merge(more.known) { _, _ in .any }
            case .any, .scalar, .list: continue
            }
        }
        if members.known.isEmpty, types.isEmpty || !parts.isEmpty { return .any }
        members.isOpen = keywords["additionalProperties"] != .bool(false) || keywords["patternProperties"] != nil || !parts.isEmpty
        return .object(members)
    }

    private func parts(of keywords: JSONObject) -> [JSON] {
        var parts = ["allOf", "anyOf", "oneOf"].flatMap { keywords[$0]?.array ?? [] }
        parts += ["then", "else", "if"].compactMap { keywords[$0] }
        if let reference = keywords["$ref"]?.string, let target = document.target(ofReference: reference) { parts.append(target) }
        return parts
    }
}

// MARK: - Outputs of phases

extension TemplateShape {
    private static let draft = scalars(
        "output_id", "track", "status", "writer", "content", "version_number", "finish_reason")
    private static let drafts: [String: TemplateShape] = ["outputs": .list(draft)]

    /// The output of a completed phase.
    init(outputOf phase: PhaseDefinition) {
        let one = TemplateShape(outputOf: phase.spec)
        self =
            phase.fanOut == nil
            ? one : .object(["items": .list(one), "errors": .list(.scalars("index", "code", "message"))])
    }

    private init(outputOf spec: PhaseSpec) {
        self =
            switch spec {
            case .write, .edit, .select: .object(Self.drafts)
            case .evaluate, .rank:
                .object(
                    Self.drafts.merging(["ranking": .list(.any), "agreement": .scalar, "fit": .any]) { first, _ in first })
            case .signal: .object(["signal": .scalar, "data": .any])
            case .agent(let phase):
                .object([
                    "agent": .scalar, "output": phase.output.map { TemplateShape(schema: $0) } ?? .scalar, "usage": .any,
                    "finish_reason": .scalar,
                ])
            case .delay: .scalars("for", "until", "index", "iteration").adding("item", .any)
            case .log: .scalars("level", "message")
            case .http: .object(["status": .scalar, "headers": .any, "body": .any])
            case .branch: .object(["case": .scalar, "chosen": .list(.scalar)])
            case .human(let phase):
                .object([
                    "response": phase.form.map { TemplateShape(schema: $0) } ?? .any, "completed_by": .scalar,
                ])
            case .workflow:
                .object([
                    "task_id": .scalar, "phase": .scalar, "output": .any,
                    "winner": .scalars("output_id", "track", "content", "finish_reason"),
                ])
            case .transform, .custom: .any
            }
    }

    func adding(_ name: String, _ shape: TemplateShape) -> TemplateShape {
        guard case .object(var members) = self else { return self }
        members.known[name] = shape
        return .object(members)
    }

    /// The draft that a step works on, as its prompt sees it.
    static var workedOn: TemplateShape { draft }
}
