extension SchemaCompiler {
    mutating func compileStrings(_ source: inout SchemaSource, into node: inout SchemaNode) {
        let shortest = count("minLength", source), longest = count("maxLength", source)
        if shortest != nil || longest != nil { node.rules.append(LengthRule(shortest: shortest, longest: longest)) }
        guard let value = source.keywords["pattern"] else { return }
        guard case .string(let text) = value else { return report("must be a string", at: source.place("pattern")) }
        if let pattern = pattern(text, at: source.place("pattern")) { node.rules.append(PatternRule(pattern: pattern)) }
    }

    mutating func pattern(_ text: String, at pointer: String) -> Pattern? {
        do {
            return try Pattern(text)
        } catch {
            report("is not a usable regular expression: \(error.reason)", at: pointer)
            return nil
        }
    }

    mutating func compileNumbers(_ source: inout SchemaSource, into node: inout SchemaNode) {
        let rule = RangeRule(
            minimum: number("minimum", source), exclusiveMinimum: number("exclusiveMinimum", source),
            maximum: number("maximum", source), exclusiveMaximum: number("exclusiveMaximum", source))
        if !rule.isEmpty { node.rules.append(rule) }
        if let divisor = number("multipleOf", source) {
            if let value = divisor.double, value > 0 {
                node.rules.append(MultipleRule(divisor: divisor))
            } else {
                report("must be above 0", at: source.place("multipleOf"))
            }
        }
    }
}
