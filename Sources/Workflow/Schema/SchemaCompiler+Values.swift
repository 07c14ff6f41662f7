import Foundation

extension SchemaCompiler {
    /// `$ref`, and the annotations that are checked: `$defs` and `default`.
    mutating func compileReference(_ source: inout SchemaSource, into node: inout SchemaNode) {
        node.defaultValue = source.keywords["default"]
        if let value = source.keywords["$ref"] {
            guard case .string(let text) = value, text.hasPrefix("#"),
                let pointer = text.dropFirst().removingPercentEncoding, pointer.isEmpty || pointer.hasPrefix("/")
            else {
                return report("must be a local reference such as '#/$defs/name'", at: source.place("$ref"))
            }
            guard require(pointer) else {
                return report("refers to '\(text)', which is not in this schema", at: source.place("$ref"))
            }
            node.reference = pointer
            node.rules.append(ReferenceRule(target: pointer))
        }
        for key in ["$defs", "definitions"] {
            guard let value = source.keywords[key] else { continue }
            guard case .object(let members) = value else {
                report("must be an object of schemas", at: source.place(key))
                continue
            }
            // Compiled for their mistakes, used or not.
            for (name, schema) in members.sorted(by: { $0.key < $1.key }) {
                _ = compile(schema, at: JSONPointer.appending(name, to: source.place(key)))
            }
        }
    }

    /// `type`, `enum`, `const` and `format`.
    mutating func compileValues(_ source: inout SchemaSource, into node: inout SchemaNode) {
        if let value = source.keywords["type"] {
            let names = value.array ?? [value]
            let types = names.compactMap { $0.string.flatMap(SchemaType.init(rawValue:)) }
            if types.count != names.count || types.isEmpty || Set(types).count != types.count {
                let known = SchemaType.allCases.map(\.rawValue).joined(separator: ", ")
                report("must be one of \(known), or a list of them", at: source.place("type"))
            } else {
                node.rules.append(TypeRule(types: types))
            }
        }
        if let value = source.keywords["enum"] {
            if case .array(let values) = value, !values.isEmpty {
                node.rules.append(EnumRule(values: values))
            } else {
                report("must be a list of at least one value", at: source.place("enum"))
            }
        }
        if let value = source.keywords["const"] { node.rules.append(ConstRule(value: value)) }
        if let value = source.keywords["format"] {
            if case .string(let name) = value {
                if let format = SchemaFormat(rawValue: name) { node.rules.append(FormatRule(format: format)) }
            } else {
                report("must be a string", at: source.place("format"))
            }
        }
    }
}
