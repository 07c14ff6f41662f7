import Testing

@testable import Base

@Suite struct ObjectReaderTests {
    private enum Mood: String, CaseIterable { case calm, loud }

    private func problems(_ reader: ObjectReader) -> [String] {
        reader.problems.list.problems.map { "\($0.pointer) \($0.detail)" }
    }

    @Test func everyTypeIsRead() {
        let reader = ObjectReader([
            "text": "é", "whole": 7, "round": 7.0, "share": 0.5, "yes": true, "mood": "loud", "at": "2026-01-31T13:00:00+01:00",
            "map": ["a": 1], "list": [1, nil], "names": ["a", "b"], "rows": [["id": 1], ["id": 2]], "none": nil,
        ])
        #expect(reader.string("text") == "é" && reader.string("other") == nil)
        #expect(reader.integer("whole", in: 7...7) == 7 && reader.integer("round", in: 0...9) == 7)
        #expect(reader.number("share", in: 0...1) == 0.5 && reader.number("whole") == 7)
        #expect(reader.boolean("yes") == true)
        #expect(reader.word("mood") == Mood.loud && reader.word("mood", among: ["loud"]) == "loud")
        #expect(reader.timestamp("at") == "2026-01-31T12:00:00.000000Z")
        #expect(reader.object("map") == ["a": 1] && reader.nested("map")?.pointer == "/map")
        #expect(reader.list("list", maxCount: 2) == [1, nil])
        #expect(reader.strings("names", maxCount: 2, maxLength: 1) == ["a", "b"])
        #expect(reader.objects("rows", maxCount: 2)?.map { $0.integer("id", in: 1...2) } == [1, 2])
        #expect(reader.has("none") && !reader.has("more") && reader.value("none") == nil)
        reader.refuseUnknownKeys()
        #expect(reader.isObject && problems(reader).isEmpty, "\(problems(reader))")
    }

    @Test(arguments: [
        ([:], "/x is required"), (["x": nil], "/x is required"), (["x": ""], "/x must not be empty"),
        (["x": "abcd"], "/x must have at most 3 characters"), (["x": 5], "/x must be a string, not an integer"),
        (["x": 1.0], "/x must be a string, not a number"), (["x": true], "/x must be a string, not a boolean"),
        (["x": [:]], "/x must be a string, not an object"), (["x": []], "/x must be a string, not an array"),
    ] as [(JSON, String)])
    func aTextIsRefused(_ json: JSON, _ problem: String) {
        let reader = ObjectReader(json)
        #expect(reader.string("x", isRequired: true, maxLength: 3) == nil)
        #expect(problems(reader) == [problem])
    }

    @Test(arguments: [
        Refusal(["x": 1.5], "/x must be a whole number, not a number") { $0.integer("x", in: 1...9) == nil },
        Refusal(["x": 1e30], "/x must be from 1 to 9") { $0.integer("x", in: 1...9) == nil },
        Refusal(["x": .decimal("18446744073709551616")], "/x must be from 1 to 9") { $0.integer("x", in: 1...9) == nil },
        Refusal(["x": .decimal("18446744073709551616.5")], "/x must be a whole number, not a number") { $0.integer("x", in: 1...9) == nil },
        Refusal(["x": 10], "/x must be from 1 to 9") { $0.integer("x", in: 1...9) == nil },
        Refusal(["x": 1], "/x must be from 0 to 0.5") { $0.number("x", in: 0...0.5) == nil },
        Refusal(["x": "1"], "/x must be a number, not a string") { $0.number("x") == nil },
        Refusal(["x": "yes"], "/x must be true or false, not a string") { $0.boolean("x") == nil },
        Refusal(["x": "clam"], "/x must be one of calm, loud; did you mean 'calm'?") { $0.word("x", as: Mood.self) == nil },
        Refusal(["x": 3], "/x must be one of calm, loud") { $0.word("x", as: Mood.self) == nil },
        Refusal(["x": "2026-01-31"], "/x must be a date and time such as 2026-01-31T12:00:00Z") { $0.timestamp("x") == nil },
        Refusal(["x": []], "/x must be an object, not an array") { $0.object("x") == nil },
        Refusal(["x": 3], "/x must be an object, not an integer") { $0.nested("x")?.isObject == false },
        Refusal(["x": [:]], "/x must be a list, not an object") { $0.list("x", maxCount: 1) == nil },
        Refusal(["x": [1, 2]], "/x must have at most 1 elements") { $0.list("x", maxCount: 1) == nil },
        Refusal(["x": ["ab", "abc"]], "/x/1 must be a string of 1 to 2 characters") { $0.strings("x", maxCount: 3, maxLength: 2) == ["ab"] },
        Refusal(["x": [[:], "a"]], "/x/1 must be an object, not a string") { $0.objects("x", maxCount: 3)?.map(\.isObject) == [true, false] },
    ])
    fileprivate func otherTypesAreRefused(_ refusal: Refusal) {
        let reader = ObjectReader(refusal.json)
        #expect(refusal.isRefused(reader))
        #expect(problems(reader) == [refusal.problem])
    }

    @Test func keysThatWereNotAskedForAreUnknown() {
        let reader = ObjectReader(["promtp": 1, "zebra": nil, "agents": [], "a/b": 1])
        _ = (reader.value("prompt"), reader.has("agents"))
        #expect(reader.unread == ["promtp": 1, "zebra": nil, "a/b": 1])
        reader.refuseUnknownKeys()
        #expect(problems(reader) == [
            "/promtp is not a known key; did you mean 'prompt'?", "/zebra is not a known key", "/a~1b is not a known key",
        ])
    }

    @Test func nestedReadersShareTheProblems() {
        let reader = ObjectReader(["a~": ["b/": ["c": 1]]], at: "/top")
        let nested = reader.nested("a~")?.nested("b/")
        #expect(nested?.boolean("c") == nil && nested?.string("d", isRequired: true) == nil)
        #expect(problems(reader) == ["/top/a~0/b~1/c must be true or false, not an integer", "/top/a~0/b~1/d is required"])
    }

    @Test(arguments: [nil, true, 1, 1.5, "a", []] as [JSON])
    func anythingElseIsOneProblem(_ json: JSON) {
        let reader = ObjectReader(json)
        #expect(!reader.isObject && reader.string("x", isRequired: true) == nil && reader.required("y") == nil && !reader.has("z"))
        reader.refuseUnknownKeys()
        #expect(reader.problems.list.problems.count == 1)
        #expect(reader.problems.list.problems.first?.detail.hasPrefix("must be an object, not ") == true)
    }

    @Test func quotesAreSuggestedInYAMLOnly() {
        let json: JSON = ["version": 1.0, "list": []]
        let yaml = ObjectReader(json, problems: ProblemCollector(lines: ["": 1, "/version": 2, "/list": 3]))
        #expect(yaml.string("list") == nil && yaml.string("version") == nil && yaml.string("name", isRequired: true) == nil)
        #expect(yaml.problems.list.problems == [
            Problem(pointer: "/name", detail: "is required", line: 1),
            Problem(pointer: "/version", detail: "must be a string, not a number; write it in quotes", line: 2),
            Problem(pointer: "/list", detail: "must be a string, not an array", line: 3),
        ])
        let plain = ObjectReader(json)
        #expect(plain.string("version") == nil)
        #expect(problems(plain) == ["/version must be a string, not a number"])
    }

    @Test func problemsAreBoundedAndComeOnce() {
        let problems = ProblemCollector()
        for _ in 0..<2 { problems.report("is wrong", at: "/a") }
        #expect(problems.list.problems == [Problem(pointer: "/a", detail: "is wrong")])
        #expect(problems.hasProblem(at: "/a") && !problems.hasProblem(at: "/b") && !problems.isEmpty)
        problems.report(ProblemList("is required", at: "/c"), at: "/b")
        #expect(problems.list.problems.last == Problem(pointer: "/b/c", detail: "is required"))
        let reader = ObjectReader(.object(JSONObject((0..<1_000).map { ("key\($0)", JSON.null) })))
        reader.refuseUnknownKeys()
        #expect(reader.problems.list.problems.count == ProblemCollector.limit)
    }

    @Test func nearestNames() {
        #expect(NearestName.of("promtp", among: ["prompt", "agents"]) == "prompt")
        #expect(NearestName.of("zebra", among: ["prompt", "agents"]) == nil)
        #expect(NearestName.distance("ca", "abc") == 3 && NearestName.distance("ab", "ba") == 1)
    }
}

/// A member that cannot be read, and its problem.
private struct Refusal: Sendable, CustomTestStringConvertible {
    let json: JSON
    let problem: String
    let isRefused: @Sendable (ObjectReader) -> Bool

    init(_ json: JSON, _ problem: String, _ isRefused: @escaping @Sendable (ObjectReader) -> Bool) {
        self.json = json
        self.problem = problem
        self.isRefused = isRefused
    }

    var testDescription: String { json.text }
}
