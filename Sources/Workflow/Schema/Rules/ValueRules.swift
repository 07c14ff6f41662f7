/// The types of JSON Schema; a number without a fraction is an integer (validation 6.1.1).
enum SchemaType: String, CaseIterable {
    case null, boolean, object, array, number, string, integer

    func accepts(_ value: JSON) -> Bool {
        switch self {
        case .number: value.double != nil
        default: value.typeName == rawValue
        }
    }
}

struct TypeRule: SchemaRule {
    let types: [SchemaType]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard !types.contains(where: { $0.accepts(value) }) else { return }
        let names = types.map(\.rawValue.withArticle)
        let list = names.count > 1 ? names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1] : names[0]
        run.report("must be \(list)", at: pointer)
    }
}

struct EnumRule: SchemaRule {
    let values: [JSON]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard !values.contains(where: { $0.isSameValue(as: value) }) else { return }
        let shown = values.prefix(20).map(\.text).joined(separator: ", ") + (values.count > 20 ? ", …" : "")
        run.report("must be one of \(shown)", at: pointer)
    }
}

struct ConstRule: SchemaRule {
    let value: JSON

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        if !self.value.isSameValue(as: value) { run.report("must be \(self.value.text)", at: pointer) }
    }
}

/// The schema `false`.
struct RefusalRule: SchemaRule {
    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        run.report("is not allowed", at: pointer)
    }
}

/// `$ref`.
struct ReferenceRule: SchemaRule {
    let target: String

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        if let node = run.targets[target] { run.check(value, against: node, at: pointer) }
    }
}
