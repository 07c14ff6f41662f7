import Base
import TestSupport
import Testing

@testable import Workflow

@Suite struct PromptTemplateTests {
    private static let context: JSON = [
        "topic": "Swift & \"you\" <b>", "n": 3, "x": 1.0, "y": 0.25, "yes": true, "no": false, "nothing": nil, "empty": "", "none": [],
        "list": ["a", "b"], "object": ["b": 1, "a": [true]], "name": "outer", "step_0_output": "first",
        "phases": ["write": ["outputs": [["content": "draft *one*"], ["content": "two"]]]],
        "people": [["name": "Ada"], ["name": nil], [:]], "zero": 0, "mixed": [0, 1, false, "", nil],
    ]

    @Test(arguments: [
        ("plain", "plain"), ("{{topic}}", "Swift & \"you\" <b>"), ("{{{topic}}}|{{&topic}}", "Swift & \"you\" <b>|Swift & \"you\" <b>"),
        ("{{n}} {{x}} {{y}} {{yes}}", "3 1 0.25 true"), ("[{{nothing}}{{missing}}{{a.b.c}}]", "[]"),
        ("{{phases.write.outputs.0.content}}/{{phases.write.outputs.1.content}}/{{phases.write.outputs.2.content}}", "draft *one*/two/"),
        ("{{step_0_output}}", "first"), ("{{#list}}<{{.}}>{{/list}}", "<a><b>"), ("{{#yes}}y{{/yes}}{{#no}}n{{/no}}{{^no}}not{{/no}}", "ynot"),
        ("{{#empty}}x{{/empty}}{{^empty}}empty{{/empty}}{{#none}}x{{/none}}{{^none}}none{{/none}}", "emptynone"),
        ("{{#people}}[{{name}}]{{/people}}", "[Ada][][outer]"), ("{{object}} {{list}}", #"{"b":1,"a":[true]} ["a","b"]"#),
        ("{{! a comment }}x", "x"), ("{{=<% %>=}}<%n%> {{n}}", "3 {{n}}"), ("a\n{{#yes}}\nb\n{{/yes}}\nc", "a\nb\nc"),
        ("{{#yes}}\nb\n{{/yes}}\nc", "b\nc"), ("a\r\n{{#yes}}\r\nb\r\n{{/yes}}\r\nc", "a\r\nb\r\nc"), ("\n\n{{n}}", "\n\n3"), ("  {{n}}", "  3"), ("{{#object}}{{b}}{{/object}}", "1"),
        ("a { b } {c", "a { b } {c"), ("é🙂{{n}}", "é🙂3"),
        ("{{#list.0}}{{.}}{{/list.0}}", "a"),
        // Zero is a value; false, null, an empty text and an empty list are none. In a list each element counts.
        ("{{#zero}}yes{{/zero}}{{^zero}}no{{/zero}}", "yes"), ("{{#mixed}}<{{.}}>{{/mixed}}", "<0><1><false><><>"),
    ] as [(String, String)])
    func renders(_ template: String, _ text: String) throws {
        #expect(try PromptTemplate(template).render(Self.context) == text)
    }

    /// Parsed templates are kept by their bytes and their escaping, and rendered again.
    @Test func whatIsKeptIsToldApart() throws {
        for _ in 0..<2 {
            // Equal to Swift, and other bytes.
            for text in ["caf\u{E9} {{topic}}", "cafe\u{301} {{topic}}"] {
                let plain = try PromptTemplate(text).render(Self.context)
                #expect(Array(plain.utf8) == Array(text.replacing("{{topic}}", with: "Swift & \"you\" <b>").utf8))
                let escaped = try PromptTemplate(text, escaping: .url).render(Self.context)
                #expect(escaped.hasSuffix(" Swift%20%26%20%22you%22%20%3Cb%3E"))
            }
            #expect(throws: ProblemList.self) { try PromptTemplate("{{#a}}x") }
        }
    }

    @Test(arguments: [
        ("{{#a}}x", 1, "section that is not closed"), ("a\nb {{#a}}\n{{/b}}", 3, "not the one open"), ("x\n{{a", 2, "not closed"),
        ("{{a b}}", 1, "not closed"), ("{{> partial}}", 1, "partial"), ("a\n{{<parent}}{{/parent}}", 2, "partial"),
        ("{{$block}}{{/block}}", 1, "partial"), ("{{=a=b c=}}", 1, "delimiters"), ("{{=<% %>", 1, "delimiters"), ("{{=<%=}}", 1, "delimiters"),
        ("{{! never", 1, "not closed"), ("{{/a}}", 1, "not the one open"), ("{{% X: y}}", 1, "pragma"), ("{{{a}}", 1, "not closed"),
        ("{{", 1, "not closed"), ("{{#", 1, "not closed"), ("{{}}", 1, "without a name"), ("ends with {", 1, "not closed"),
    ] as [(String, Int, String)])
    func refuses(_ template: String, _ line: Int, _ reason: String) {
        do {
            _ = try PromptTemplate(template)
            Issue.record("accepted \(template)")
        } catch {
            #expect(error.problems.count == 1)
            #expect(error.problems[0].detail.contains(reason) && error.problems[0].detail.contains("(line \(line))"), "\(error)")
        }
    }

    @Test func deepNestingIsRefused() {
        for (open, close) in [("{{#a}}", "{{/a}}"), ("{{^a}}", "{{/a}}")] {
            let text = String(repeating: open, count: 10_000) + String(repeating: close, count: 10_000)
            #expect(throws: ProblemList.self) { try PromptTemplate(text) }
            #expect(throws: ProblemList.self) { try PromptTemplate("{{=<% %>=}}" + text.replacing("{{", with: "<%").replacing("}}", with: "%>")) }
        }
        #expect(throws: Never.self) {
            try PromptTemplate(String(repeating: "{{#a}}", count: 32) + String(repeating: "{{/a}}", count: 32))
        }
    }

    @Test func multiplicationIsBounded() throws {
        let template = try PromptTemplate(
            String(repeating: "{{#l}}", count: 8) + String(repeating: "x", count: 50_000) + String(repeating: "{{/l}}", count: 8))
        let text = template.render(["l": .array(Array(repeating: 1, count: 50))])
        #expect((1...TemplateBudget.maxBytes).contains(text.utf8.count))
    }

    @Test func randomTemplatesNeverCrash() {
        var generator = Seed.generator()
        var usable = 0
        let pieces = ["{{", "}}", "{", "}", "#", "/", "^", "list", "n", ".", "&", "!", "=", "<%", "%>", " ", "\n", "(", ")", ">", "$", "%", "people", "name", "é", "\r\n", "CONTENT_TYPE:TEXT", "*"]
        for _ in 0..<3_000 {
            let text = (0..<generator.next(below: 16)).map { _ in pieces[Int(generator.next(below: UInt64(pieces.count)))] }.joined()
            guard let template = try? PromptTemplate(text) else { continue }
            _ = template.render(Self.context)
            usable += 1
        }
        #expect((100..<2_900).contains(usable), "too few templates of one sort: \(usable) of 3000 are usable")
    }

    @Test func workWithoutOutputIsBounded() throws {
        let template = try PromptTemplate(String(repeating: "{{#l}}", count: 32) + String(repeating: "{{/l}}", count: 32))
        #expect(template.render(["l": .array(Array(repeating: 1, count: 50))]) == "")
    }

    @Test func rendersOverWhatIsNoObject() throws {
        #expect(try PromptTemplate("a{{b}}").render("text") == "a")
        #expect(try PromptTemplate("a{{b}}").render(nil) == "a")
    }

    @Test("A template tells which members it may look at")
    func names() throws {
        let template = try PromptTemplate("{{a.b}} {{#c}}{{ d }}{{/c}}{{^e}}{{{f}}}{{/e}} {{&g}} {{count(h)}} {{! i }}")
        #expect(template.names == ["a", "c", "d", "e", "f", "g", "h"])
        #expect(try PromptTemplate("plain").names == [])
        #expect(try PromptTemplate("{{.}}").names == nil)
        #expect(try PromptTemplate("{{#a}}{{index()}}{{/a}}").names == nil)
        #expect(try PromptTemplate("{{=<% %>=}}<% a %> {{b}}").names == ["a"])
    }
}
