import Base
import Testing

@testable import Workflow

@Suite struct JSONSchemaTests {
    /// A schema, a value, and the problems as "pointer detail".
    @Test(arguments: [
        (#"{"type":"string"}"#, #""a""#, []), (#"{"type":"string"}"#, "1", [" must be a string"]),
        (#"{"type":["string","null"]}"#, "1", [" must be a string or null"]), (#"{"type":"integer"}"#, "1.0", []),
        (#"{"type":"integer"}"#, "1.5", [" must be an integer"]), (#"{"type":"number"}"#, "1", []),
        (#"{"type":"number"}"#, "true", [" must be a number"]), (#"{"enum":[1,"a"]}"#, "1.0", []),
        (#"{"enum":[1,"a"]}"#, "2", [" must be one of 1, \"a\""]), (#"{"const":{"a":[1]}}"#, #"{"a":[1.0]}"#, []),
        (#"{"const":null}"#, "0", [" must be null"]),
        (#"{"required":["topic"],"properties":{"topic":{"minLength":1}}}"#, "{}", ["/topic is required"]),
        (#"{"properties":{"topic":{"minLength":1}}}"#, #"{"topic":""}"#, ["/topic must be at least 1 character long"]),
        (#"{"maxLength":2}"#, #""ab🙂""#, [" must be at most 2 characters long"]), (#"{"maxLength":3}"#, #""ab🙂""#, []),
        (#"{"properties":{"topic":{}},"additionalProperties":false}"#, #"{"topik":1}"#, ["/topik is not a known property; did you mean 'topic'?"]),
        (#"{"additionalProperties":{"type":"string"}}"#, #"{"a/b":1}"#, ["/a~1b must be a string"]),
        (#"{"patternProperties":{"^x-":{"type":"number"}},"additionalProperties":false}"#, #"{"x-a":"b","y":1}"#, ["/x-a must be a number", "/y is not a known property"]),
        (#"{"propertyNames":{"maxLength":1}}"#, #"{"ab":1}"#, ["/ab must be at most 1 character long"]),
        (#"{"items":{"type":"string"}}"#, #"["a",1,2]"#, ["/1 must be a string", "/2 must be a string"]),
        (#"{"prefixItems":[{"type":"string"}],"items":false}"#, #"["a",1]"#, ["/1 is not allowed"]),
        (#"{"minItems":2}"#, "[1]", [" must have at least 2 elements"]), (#"{"maxItems":1}"#, "[1,2]", [" must have at most 1 element"]),
        (#"{"uniqueItems":true}"#, "[1,1.0]", [" must not have the same element twice"]), (#"{"uniqueItems":true}"#, "[1,\"1\"]", []),
        (#"{"contains":{"type":"null"}}"#, "[1]", [" must have at least one element that fits"]),
        (#"{"minimum":1,"maximum":3}"#, "0", [" must be at least 1"]), (#"{"exclusiveMaximum":3}"#, "3", [" must be less than 3"]),
        (#"{"exclusiveMinimum":0.5}"#, "0.5", [" must be more than 0.5"]),
        (#"{"maximum":9223372036854775806}"#, "9223372036854775807", [" must be at most 9223372036854775806"]),
        (#"{"multipleOf":0.1}"#, "0.3", []), (#"{"multipleOf":3}"#, "10", [" must be a multiple of 3"]),
        (#"{"pattern":"^a+$"}"#, #""b""#, [" must match the pattern ^a+$"]),
        (#"{"allOf":[{"minimum":1},{"maximum":3}]}"#, "5", [" must be at most 3"]),
        (#"{"anyOf":[{"type":"string"},{"minimum":3}]}"#, "1", [" must fit at least one of 2 alternatives"]),
        (#"{"oneOf":[{"type":"number"},{"minimum":3}]}"#, "5", [" must fit exactly one of 2 alternatives, and fits 2"]),
        (#"{"not":{"type":"null"}}"#, "null", [" must not fit a schema that it fits"]),
        (#"{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}"#, #"{"a":1}"#, ["/b is required"]),
        (##"{"$ref":"#/$defs/x","$defs":{"x":{"type":"null"}}}"##, "1", [" must be null"]),
        (##"{"$defs":{"a b":{"type":"null"}},"items":{"$ref":"#/$defs/a%20b"}}"##, "[1]", ["/0 must be null"]),
        (##"{"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##, #"{"next":{"next":{"x":1}}}"#, ["/next/next/x is not a known property"]),
        ("true", "1", []), ("false", "1", [" is not allowed"]), (#"{"format":"unheard-of","x-note":3}"#, "1", []),
        (#"{"minLength":5,"properties":{"a":{}},"items":false}"#, "7", []),
        (#"{"minProperties":1}"#, "{}", [" must have at least 1 properties"]),
    ] as [(String, String, [String])])
    func validates(_ schema: String, _ value: String, _ expected: [String]) throws {
        let problems = try JSONSchema(JSON(parsing: schema)).validate(JSON(parsing: value))
        #expect(problems.map { "\($0.pointer) \($0.detail)" } == expected)
    }

    @Test func pointersStartWhereTheCallerSays() throws {
        let schema = try JSONSchema(["required": ["topic"]])
        #expect(schema.validate([:], at: "/input") == [Problem(pointer: "/input/topic", detail: "is required")])
    }

    /// Schemas that are wrong themselves, and where.
    @Test(arguments: [
        ("3", ""), (#"{"type":"strin"}"#, "/type"), (#"{"type":[]}"#, "/type"), (#"{"enum":[]}"#, "/enum"), (#"{"required":"a"}"#, "/required"),
        (#"{"required":[1]}"#, "/required"), (#"{"properties":[]}"#, "/properties"), (#"{"properties":{"a":1}}"#, "/properties/a"),
        (#"{"items":[]}"#, "/items"), (#"{"minLength":-1}"#, "/minLength"), (#"{"maxItems":1.5}"#, "/maxItems"), (#"{"minimum":"1"}"#, "/minimum"),
        (#"{"multipleOf":0}"#, "/multipleOf"), (#"{"pattern":"("}"#, "/pattern"), (#"{"pattern":"(?=a)"}"#, "/pattern"),
        (#"{"patternProperties":{"[":{}}}"#, "/patternProperties/["), (#"{"allOf":[]}"#, "/allOf"), (#"{"anyOf":[{"type":1}]}"#, "/anyOf/0/type"),
        (##"{"$ref":"http://x/y"}"##, "/$ref"), (##"{"$ref":"#/$defs/no"}"##, "/$ref"), (##"{"$defs":{"x":{"type":0}}}"##, "/$defs/x/type"),
        (#"{"uniqueItems":1}"#, "/uniqueItems"), (#"{"format":1}"#, "/format"), (#"{"not":null}"#, "/not"),
    ] as [(String, String)])
    func refusesBadSchemas(_ schema: String, _ pointer: String) throws {
        let json = try JSON(parsing: schema)
        do {
            _ = try JSONSchema(json)
            Issue.record("accepted \(schema)")
        } catch {
            #expect(error.problems.map(\.pointer) == [pointer])
        }
    }

    @Test func allProblemsOfASchemaAtOnce() throws {
        do {
            _ = try JSONSchema(["type": "x", "minLength": -1, "properties": ["a": ["enum": []]]])
            Issue.record("accepted")
        } catch {
            #expect(Set(error.problems.map(\.pointer)) == ["/type", "/minLength", "/properties/a/enum"])
        }
    }

    @Test func defaultsAreFilledInDeeply() throws {
        let schema = try JSONSchema([
            "properties": [
                "audience": ["default": "developers"], "n": ["default": nil],
                "options": ["default": [:], "properties": ["tone": ["default": "warm"]]],
                "list": ["items": ["properties": ["x": ["default": 1]]]], "ref": ["$ref": "#/$defs/r"],
            ],
            "allOf": [["properties": ["extra": ["default": true]]]], "$defs": ["r": ["default": 7]],
        ])
        #expect(
            try schema.completed(["audience": "all", "list": [[:], ["x": 2]]]) == [
                "audience": "all", "n": nil, "options": ["tone": "warm"], "list": [["x": 1], ["x": 2]], "ref": 7, "extra": true,
            ])
        #expect(try schema.completed(3) == 3)
        #expect(try JSONSchema(["properties": ["b": ["default": 1], "a": ["default": 2]]]).completed([:]).text == #"{"b":1,"a":2}"#)
    }

    @Test func defaultsComeBehindInTheOrderOfTheSchema() throws {
        let names = (0..<40).map { "n\($0 * 7_919 % 101)" }
        let schema = try JSONSchema([
            "properties": .object(JSONObject(names.map { ($0, ["default": ["z": 1, "a": 2]]) })),
        ])
        let filled = try schema.completed(["x": 0, "n0": 0])
        #expect(filled.object?.keys == ["x", "n0"] + names.filter { $0 != "n0" })
        #expect(filled[names[1]]?.text == #"{"z":1,"a":2}"#)
    }

    @Test func namesAreToldApartByCodePoints() throws {
        let schema = try JSONSchema(
            JSON(parsing: #"{"properties":{"\#u{E9}":{"type":"null"},"e\#u{301}":{"type":"string"}},"additionalProperties":false}"#))
        #expect(try schema.validate(JSON(parsing: #"{"\#u{E9}":null,"e\#u{301}":"x"}"#)).isEmpty)
        #expect(try schema.validate(JSON(parsing: #"{"\#u{E9}":"x"}"#)).map(\.detail) == ["must be null"])
        #expect(try schema.validate(JSON(parsing: #"{"e\#u{301}":null}"#)).map(\.detail) == ["must be a string"])
    }

    @Test func schemasThatReferToThemselvesEnd() throws {
        #expect(try !JSONSchema(["$ref": "#"]).validate(1).isEmpty)
        #expect(throws: ProblemList.self) { try JSONSchema(["$ref": "#"]).completed(1) }
        let doubling = try JSONSchema([
            "$defs": ["a": ["anyOf": [["allOf": [["$ref": "#/$defs/a"], ["$ref": "#/$defs/a"]]], ["type": "null"]]]], "$ref": "#/$defs/a",
        ])
        #expect(!doubling.validate(1).isEmpty)
        #expect(throws: ProblemList.self) { try doubling.completed(1) }
        let endless = try JSONSchema(["properties": ["a": ["$ref": "#", "default": [:]]]])
        #expect(throws: ProblemList.self) { try endless.completed([:]) }
        #expect(try !JSONSchema(["not": ["$ref": "#"]]).validate(1).isEmpty)
    }

    @Test func ordinarySizesFitTheBudget() throws {
        let countries = JSON.array((0..<250).map { .string("country \($0)") })
        let schema = try JSONSchema([
            "properties": [
                "rows": [
                    "uniqueItems": true,
                    "items": ["required": ["id"], "properties": ["id": ["type": "integer"], "country": ["enum": countries], "n": ["default": 1]]],
                ],
                "text": ["pattern": "^[a-z ]+$", "maxLength": 1_000_000],
            ]
        ])
        let rows = (0..<5_000).map { JSON.object(["id": .integer(Int64($0)), "country": .string("country \($0 % 250)")]) }
        let value: JSON = ["rows": .array(rows), "text": .string(String(repeating: "lorem ipsum ", count: 25_000))]
        #expect(try schema.completed(value)["rows"]?[4_999]?["n"] == 1)
    }

    @Test func aValueLargerThanTheLimitMayStillGetItsDefaults() throws {
        let schema = try JSONSchema(["properties": ["n": ["default": 1]]])
        #expect(try schema.completed(["text": .string(String(repeating: "a", count: 2_000))], maxBytes: 1_000)["n"] == 1)
        let large = try JSONSchema(["properties": ["t": ["default": .string(String(repeating: "a", count: 900))]]])
        #expect(throws: ProblemList.self) { try large.completed(["a": "a long text"], maxBytes: 910) }
    }

    @Test func namesCompareByCodePoints() throws {
        let schema = try JSONSchema(
            JSON(parsing: #"{"properties":{"\u00e9":{"type":"null"},"e\u0301":{"type":"string"}},"additionalProperties":false}"#))
        #expect(try schema.validate(JSON(parsing: #"{"\u00e9":null,"e\u0301":""}"#)) == [])
        #expect(try schema.validate(JSON(parsing: #"{"\u00e9":"","e\u0301":""}"#)).count == 1)
        #expect(try !JSONSchema(["enum": ["\u{E9}"]]).validate("e\u{301}").isEmpty)
    }

    @Test(arguments: [("1e30", "1000000000000000000000000000000"), ("0.5", "5e-1"), ("18446744073709551616", "18446744073709551616.0")])
    func numbersOfAnEnumAreTheSameByTheirValue(_ one: String, _ other: String) throws {
        #expect(try JSONSchema(["enum": [JSON(parsing: one)]]).validate(JSON(parsing: other)) == [])
        #expect(try !JSONSchema(["uniqueItems": true]).validate([JSON(parsing: one), JSON(parsing: other)]).isEmpty)
    }

    @Test func patternsOfOneSchemaAreBoundedTogether() {
        let schema = JSON.object(["allOf": .array((0..<30).map { _ in ["pattern": "a{2000}"] })])
        #expect(throws: ProblemList.self) { try JSONSchema(schema) }
    }

    @Test(arguments: [
        ("date-time", ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.5+01:00", "2016-12-31T23:59:60Z"], ["2026-01-31", "2026-13-01T00:00:00Z", "2026-01-31T12:00:00", "2026-01-31T12:00Z", "2026-01-31T12:00:00.Z", "x", "2026-01-31T25:00:00Z", "2026-01-31T12:00:00+1:00"]),
        ("date", ["2024-02-29"], ["2023-02-29", "2023-2-1", "2023-02-00", "20230201"]),
        ("email", ["a@b.c", "joe.bloggs+x@example.com"], ["a", "a@", "@b", "a@b@c", "a b@c.d", "a@-b.c", ".a@b.c", "a..b@c.d"]),
        ("uri", ["https://example.com/a?b=c#d", "urn:isbn:0451450523", "mailto:a@b.c"], ["/relative", "no scheme", "http://a b", "1a:b", "http://a/%zz", "http://ä.de"]),
        ("uuid", ["017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"], ["017f22e279b07cc398c4dc0c0c07398f", "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}", "x"]),
    ])
    func formats(_ name: String, _ good: [String], _ bad: [String]) throws {
        let schema = try JSONSchema(["format": .string(name)])
        for text in good { #expect(schema.validate(.string(text)).isEmpty, "\(text)") }
        for text in bad { #expect(!schema.validate(.string(text)).isEmpty, "\(text)") }
    }
}
