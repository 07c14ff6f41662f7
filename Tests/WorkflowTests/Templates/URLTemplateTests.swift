import Base
import Testing
import Workflow

@Suite("Templates of URLs, and secrets in templates")
struct URLTemplateTests {
    @Test("Values are percent-encoded, the template's own text is not", arguments: [
        ("https://a/{{x}}?y={{x}}", "a b", "https://a/a%20b?y=a%20b"), ("{{x}}", "/?#&=+%é\n\"", "%2F%3F%23%26%3D%2B%25%C3%A9%0A%22"),
        ("{{x}}", "AZaz09-._~", "AZaz09-._~"), ("{{{x}}}", "https://a/?b=c", "https://a/?b=c"), ("{{&x}}", "a/b", "a/b"),
        ("{{#l}}{{.}},{{/l}}", "", "1,a%20b,"), ("{{l}}", "", "%5B1%2C%22a%20b%22%5D"),
    ])
    func escaping(template: String, value: String, expected: String) throws {
        let context: JSON = ["x": .string(value), "l": [1, "a b"]]
        #expect(try PromptTemplate(template, escaping: .url).render(context) == expected)
    }

    @Test("Prompts are not escaped, whatever else was rendered before")
    func prompts() throws {
        _ = try PromptTemplate("{{x}}", escaping: .url)
        let text = try PromptTemplate("{{x}}").render(["x": "a b&c"])
        #expect(text == "a b&c")
    }

    @Test("Secrets that templates refer to", arguments: [
        ("Bearer {{secret.TOKEN}}", ["TOKEN"]), ("{{{secret.A}}}{{&secret.B_2}} {{ secret.A }}", ["A", "B_2"]), ("{{secrets.A}}{{x}}", []),
        ("{{#secret.A}}x{{/secret.A}}", ["A"]), ("", []),
    ] as [(String, Set<String>)])
    func secrets(template: String, names: Set<String>) {
        #expect(SecretReferences.names(in: template) == names)
        #expect(SecretReferences.names(in: ["a": [.string(template)]]) == names)
    }
}
