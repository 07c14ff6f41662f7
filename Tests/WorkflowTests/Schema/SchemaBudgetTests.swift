import Base
import Testing

@testable import Workflow

@Suite("Schemas that ask for too much")
struct SchemaBudgetTests {
    struct Trial: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let schema: String
        let value: String
        let problem: String
    }

    /// What took minutes or gigabytes before there were budgets.
    static let trials: [Trial] = [
        Trial(
            testDescription: "2^30 ways through allOf", schema: chain(#""allOf":[{"$ref":"NEXT"},{"$ref":"NEXT"}]"#), value: #"{"x":"s"}"#,
            problem: "too large or too deep"),
        Trial(
            testDescription: "2^30 ways through defaults",
            schema: chain(#""default":{},"properties":{"a":{"$ref":"NEXT"},"b":{"$ref":"NEXT"}}"#), value: #"{"x":{}}"#, problem: ""),
        Trial(
            testDescription: "a tree that grows by itself",
            schema: ##"{"$defs":{"n":{"type":"object","default":{},"properties":{"l":{"$ref":"#/$defs/n"},"r":{"$ref":"#/$defs/n"}}}},"##
                + ##""properties":{"t":{"$ref":"#/$defs/n"}}}"##,
            value: #"{"t":{}}"#, problem: ""),
        Trial(
            testDescription: "250 MB of defaults",
            schema: #"{"properties":{"l":{"items":{"properties":{"t":{"default":""# + repeated("d", 5_000) + #""}}}}}}"#,
            value: #"{"l":["# + list("{}", 50_000) + "]}", problem: "bytes with the defaults"),
        Trial(
            testDescription: "300 patterns over 20,000 names",
            schema: #"{"patternProperties":{"# + (0..<300).map { #""^k\\d+x\#($0)$":{}"# }.joined(separator: ",") + "}}",
            value: "{" + (0..<20_000).map { #""k\#($0)":1"# }.joined(separator: ",") + "}", problem: "too long to be matched"),
        Trial(
            testDescription: "an enum of 20,000 for 300,000 elements",
            schema: #"{"items":{"enum":["# + (0..<20_000).map { "[\($0),\"a\"]" }.joined(separator: ",") + "]}}",
            value: "[" + list("[1,2]", 300_000) + "]", problem: "must be one of"),
        Trial(
            testDescription: "50,000 elements compared a thousand times",
            schema: #"{"allOf":["# + list(#"{"uniqueItems":true}"#, 1_000) + "]}",
            value: "[" + (0..<50_000).map(String.init).joined(separator: ",") + "]", problem: "too large"),
        Trial(
            testDescription: "a large pattern over a long text", schema: #"{"pattern":"(a|aa|aaa){150}$"}"#,
            value: "\"" + repeated("a", 300_000) + "b\"", problem: "is too long to be matched"),
        Trial(
            testDescription: "the same where it must not match", schema: #"{"not":{"pattern":"(a|aa|aaa){150}$"}}"#,
            value: "\"" + repeated("a", 300_000) + "b\"", problem: "is too long to be matched"),
        Trial(
            testDescription: "200,000 lists", schema: #"{"items":{"items":{}}}"#, value: "[" + list("[1]", 200_000) + "]", problem: "too large"),
        Trial(
            testDescription: "a key of 300,000 characters", schema: #"{"additionalProperties":{"items":{"type":"null"}}}"#,
            value: "{\"" + repeated("k", 300_000) + "\":[" + list("null", 5_000) + "]}", problem: "too large"),
        Trial(
            testDescription: "unknown names among 20,000", schema: #"{"items":{"additionalProperties":false,"properties":{"#
                + (0..<20_000).map { #""property number \#($0)":{}"# }.joined(separator: ",") + "}}}",
            value: "[" + (0..<5_000).map { #"{"property numer \#($0)":1}"# }.joined(separator: ",") + "]", problem: "is not a known property"),
    ]

    @Test("is refused at once", arguments: trials)
    func bounded(_ trial: Trial) throws {
        let (schema, value) = (try JSONSchema(JSON(parsing: trial.schema)), try JSON(parsing: trial.value))
        let time = ContinuousClock().measure {
            do throws(ProblemList) {
                _ = try schema.completed(value)
                Issue.record("accepted")
            } catch {
                #expect(error.problems.contains { $0.detail.contains(trial.problem) }, "\(error.problems.prefix(3))")
                #expect(error.problems.count <= 100)
            }
        }
        #expect(time < .seconds(20), "\(time)")
    }

    private static func chain(_ keywords: String) -> String {
        let parts = (0..<30).map { number in "\"d\(number)\":{" + keywords.replacing("NEXT", with: "#/$defs/d\(number + 1)") + "}" }
        return "{\"$defs\":{" + parts.joined(separator: ",") + ",\"d30\":{}},\"properties\":{\"x\":{\"$ref\":\"#/$defs/d0\"}}}"
    }

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
    private static func list(_ text: String, _ count: Int) -> String { Array(repeating: text, count: count).joined(separator: ",") }
}
