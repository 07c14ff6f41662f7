import Base
import Testing
import Workflow

@Suite("Schemas of answers")
struct ResponseSchemaTests {
    @Test("A schema is closed when every object in it requires all it has and takes nothing else", arguments: [
        (["type": "object", "properties": ["a": ["type": "string"]], "required": ["a"], "additionalProperties": false], true),
        (["type": "object", "properties": ["a": ["type": "string"]], "required": ["a"]], false),
        (["type": "object", "properties": ["a": ["type": "string"]], "additionalProperties": false], false),
        (["type": "object"], false),
        (
            [
                "type": "object", "required": ["a"], "additionalProperties": false,
                "properties": ["a": ["type": "array", "items": ["type": "object", "properties": ["b": true]]]],
            ], false
        ),
        (
            [
                "type": "object", "required": ["a"], "additionalProperties": false,
                "properties": ["a": ["anyOf": [["type": "null"], ["type": "object", "required": [], "properties": [:], "additionalProperties": false]]]],
            ], true
        ),
        // A property may be called as a keyword.
        (
            [
                "type": "object", "required": ["properties"], "additionalProperties": false,
                "properties": ["properties": ["type": "string"]],
            ], true
        ),
    ] as [(JSON, Bool)])
    func closed(schema: JSON, isClosed: Bool) {
        #expect(ResponseSchema(name: "answer", schema: schema).isClosed == isClosed)
    }

    @Test("What our custom kinds ask for is closed")
    func own() {
        #expect(EditDecisionSchema.response.isClosed)
    }
}
