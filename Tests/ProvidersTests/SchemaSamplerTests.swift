import Base
import Testing
import Workflow

@testable import Providers

@Suite("Schema sampler")
struct SchemaSamplerTests {
    static let schemas: [JSON] = [
        true, [:], ["type": "null"], ["type": "boolean"], ["const": ["a": 1]], ["enum": [1, "two", nil]],
        ["type": ["integer", "null"], "minimum": -3, "maximum": -1],
        ["type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 2],
        ["type": "integer", "minimum": 0.5, "maximum": 3.5],
        ["type": "integer", "multipleOf": 5, "minimum": 1, "maximum": 20],
        ["type": "number", "minimum": 0, "maximum": 1], ["type": "number", "exclusiveMinimum": 0, "maximum": 0.05],
        ["type": "number", "multipleOf": 0.5, "minimum": 1, "maximum": 10],
        ["type": "number", "minimum": 0.001, "maximum": 0.002], ["type": "number", "maximum": -5], ["minimum": 1_000_000],
        ["type": "string", "minLength": 300], ["type": "string", "maxLength": 3], ["type": "string", "minLength": 5, "maxLength": 5],
        ["type": "string", "format": "date"], ["type": "string", "format": "date-time"], ["type": "string", "format": "uuid"],
        ["type": "string", "format": "email"], ["type": "string", "format": "uri"],
        ["type": "string", "pattern": "^[a-z_]+$"], ["type": "string", "pattern": "^[0-9]{5}$"], ["type": "string", "pattern": "^#[0-9a-f]{6}$"],
        ["type": "array", "items": ["type": "integer"], "minItems": 4, "maxItems": 4, "uniqueItems": true],
        ["type": "array", "items": ["enum": ["A", "B", "C"]], "uniqueItems": true, "minItems": 2],
        ["type": "array", "maxItems": 0], ["type": "array", "items": ["type": "string"], "minItems": 2],
        ["type": "object", "required": ["unknown"]],
        ["type": "object", "additionalProperties": ["type": "integer", "minimum": 1], "required": ["a", "b"]],
        ["type": "object", "minProperties": 2],
        [
            "type": "object", "required": ["list"],
            "properties": [
                "list": ["type": "array", "items": ["type": "object", "properties": ["n": ["type": "integer"]], "required": ["n"]]],
                "title": ["type": "string", "maxLength": 10], "maybe": ["type": ["string", "null"]],
            ],
        ],
        ["anyOf": [["type": "integer", "minimum": 3], ["type": "null"]]],
        ["oneOf": [["type": "string", "maxLength": 4], ["type": "boolean"]]],
        ["allOf": [["type": "integer", "minimum": 3], ["maximum": 4], ["minimum": 1, "maximum": 9]]],
        [
            "$ref": "#/$defs/node",
            "$defs": [
                "node": [
                    "type": "object", "required": ["name"],
                    "properties": ["name": ["type": "string"], "children": ["type": "array", "items": ["$ref": "#/$defs/node"]]],
                ]
            ],
        ],
    ]

    @Test("makes values that the schema accepts", arguments: schemas)
    func accepted(schema: JSON) throws {
        let compiled: JSONSchema
        do {
            compiled = try JSONSchema(schema)
        } catch {
            // A keyword that workflows do not know cannot reach the sampler either; whatever it makes must end.
            _ = Self.sample(schema, seed: 0)
            return
        }
        for seed in 0..<100 {
            let value = Self.sample(schema, seed: UInt64(seed))
            let problems = compiled.validate(value)
            #expect(problems == [], "seed \(seed): \(value)")
        }
    }

    @Test("writes members in the order of the schema")
    func order() {
        let schema: JSON = [
            "type": "object", "required": ["more", "zone", "feedback", "approved", "content"],
            "properties": [
                "zone": ["type": "integer"], "feedback": ["type": "string"], "approved": ["type": "boolean"],
                "content": ["type": ["null", "string"]],
            ],
        ]
        for seed in 0..<10 {
            #expect(Self.sample(schema, seed: UInt64(seed)).object?.keys == ["zone", "feedback", "approved", "content", "more"])
        }
    }

    @Test("spreads numbers over their range")
    func spread() {
        let schema: JSON = ["type": "integer", "minimum": 1, "maximum": 10]
        let values = Set((0..<500).compactMap { Self.sample(schema, seed: $0).int })
        #expect(values.isSuperset(of: 5...10))
        #expect(values.allSatisfy { (1...10).contains($0) })
    }

    @Test("comes to an end with a schema that never does", arguments: [
        ["$ref": "#"], ["type": "object", "required": ["a"], "properties": ["a": ["$ref": "#"]]],
        ["type": "array", "minItems": 1, "items": ["$ref": "#"]], ["$ref": "#/nowhere"],
        ["type": "array", "uniqueItems": true, "minItems": 5, "items": ["type": "boolean"]],
        ["type": "integer", "minimum": 5, "maximum": 1], ["type": "object", "minProperties": 1_000_000_000],
        ["type": "string", "minLength": 1_000_000_000], ["type": "integer", "minimum": 1e300], ["enum": []],
    ] as [JSON])
    func terminates(schema: JSON) {
        _ = Self.sample(schema, seed: 1)
    }

    private static func sample(_ schema: JSON, seed: UInt64) -> JSON {
        var sampler = SchemaSampler(
            root: schema, prose: RehearsalProse(prompt: "Write about tea."), generator: SeededGenerator(seed: seed))
        return sampler.sample()
    }
}
