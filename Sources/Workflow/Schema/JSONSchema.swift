/// A JSON Schema (draft 2020-12, the parts that forms, inputs and structured answers need).
///
/// Keywords that it does not know are ignored, as the specification says (core 4.3.1); known ones with a wrong value
/// are problems. References must be local JSON pointers (`#/$defs/…`). `format` is asserted for `date-time date email
/// uri uuid`. Source: json-schema.org/draft/2020-12, core and validation.
package struct JSONSchema: Sendable {
    let root: SchemaNode
    /// What `$ref`s point to, by JSON pointer.
    let targets: [String: SchemaNode]

    /// Throws every problem of the schema itself, with pointers into it.
    package init(_ schema: JSON) throws(ProblemList) {
        var compiler = SchemaCompiler(document: schema)
        root = compiler.compile(schema, at: "")
        compiler.compileTargets()
        targets = compiler.targets
        guard compiler.problems.isEmpty else { throw ProblemList(compiler.problems) }
    }

    /// Every way in which the value breaks the schema; empty when it is valid. `pointer` stands before each pointer.
    package func validate(_ value: JSON, at pointer: String = "") -> [Problem] {
        var run = ValidationRun(targets: targets)
        run.check(value, against: root, at: pointer)
        return run.problems
    }

    /// The value with `default`s filled in where properties are missing, also inside what is there.
    package func applyingDefaults(to value: JSON) -> JSON {
        DefaultFiller(targets: targets).fill(value, by: root, depth: 0)
    }
}
