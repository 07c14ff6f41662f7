import Base
import Testing

@testable import Workflow

/// What readers see of a structured answer while it comes.
@Suite struct LiveExcerptTests {
    /// The excerpt of an answer that comes in pieces of so many characters.
    private func excerpt(_ excerpt: LiveExcerpt, of answer: String, pieces: Int = 1) -> String {
        var reader = ExcerptReader(excerpt)
        var text = ""
        var rest = Array(answer.unicodeScalars)[...]
        while !rest.isEmpty {
            text += reader.read(String(String.UnicodeScalarView(rest.prefix(pieces))))
            rest = rest.dropFirst(pieces)
        }
        return text
    }

    @Test(arguments: [1, 2, 7, 1_000]) func theReasonsAreTheRows(pieces: Int) throws {
        let reasons = ["plain", "", "\"quoted\" \\ / \u{8}\u{C}\n\r\t", "é 📰 e\u{301}", "{\"reasoning\": \"no\"}", "]},:"]
        for reason in reasons {
            let answers = [
                (["reasoning": .string(reason), "criteria_scores": ["clarity": 8]] as JSON).text,
                (["criteria_scores": ["reasoning": 8, "x": ["reasoning"]], "note": "reasoning", "reasoning": .string(reason)] as JSON).text,
            ]
            for answer in answers {
                for whole in [answer, " \n" + answer + "\n", "```json\n\(answer)\n```"] {
                    #expect(excerpt(.reasoning, of: whole, pieces: pieces) == reason, "\(whole)")
                    let row = try StructuredAnswer.reasoning(in: try StructuredAnswer.object(in: whole))
                    #expect(row == reason, "\(whole)")
                }
            }
        }
    }

    @Test(arguments: [
        (#"{"reasoning":"\ud83d\udcf0 \u00e9 \ud83d! \udcf0"}"#, "📰 é \u{FFFD}! \u{FFFD}"),
        (#"{"reasoning":"\ud83d"}"#, "\u{FFFD}"), (#"{"reasoning":"\ud83d\n\ud83d\u0041"}"#, "\u{FFFD}\n\u{FFFD}A"),
        ("{\"reasoning\":\"a\nb\"}", "a\nb"),
    ])
    func escapesAreResolved(answer: String, reasons: String) throws {
        #expect(excerpt(.reasoning, of: answer) == reasons)
        #expect(try StructuredAnswer.reasoning(in: try StructuredAnswer.object(in: answer)) == reasons)
    }

    /// What may be no part of the answer is not shown.
    @Test(arguments: [
        #"I think {"reasoning":"no"}"#, #"{"thought":{"reasoning":"no"}}"#, #"[{"reasoning":"no"}]"#, #""reasoning":"no""#,
        #"{"note":"\"reasoning\":\"no"}"#, #"{"Reasoning":"no"}"#, #"{"reasoning":["no"]}"#, #"{"reasoning":{"reasoning":"no"}}"#,
        #"``` here {"reasoning":"no"}"#, #"json {"reasoning":"no"}"#, #"{"a":1}{"reasoning":"no"}"#, #"{"reasoning\u0000":"no"}"#,
    ])
    func nothingElseIsShown(answer: String) {
        #expect(excerpt(.reasoning, of: answer) == "")
    }

    @Test func whatIsBrokenShowsNoMore() {
        #expect(excerpt(.reasoning, of: #"{"reasoning":"so \x far"}"#) == "so ")
        #expect(excerpt(.reasoning, of: #"{"reasoning":"so \uZZZZ far"}"#) == "so ")
        let long = String(repeating: "a", count: StructuredAnswer.maxBytes)
        #expect(excerpt(.reasoning, of: "{\"reasoning\":\"\(long)", pieces: 1_000).utf8.count < StructuredAnswer.maxBytes)
    }

    @Test(arguments: [
        (#"{"feedback":"good","approved":true,"content":"So it is."}"#, "So it is."),
        (#"{"feedback":"\"content\": \"x\"","approved" : true , "content" : "So"}"#, "So"),
        (#"{"approved":false,"feedback":"bad","content":"So it is."}"#, ""),
        (#"{"content":"So it is.","approved":true,"feedback":""}"#, ""),
        (#"{"approved":true,"feedback":"good","content":null}"#, ""),
        (#"{"x":{"approved":true},"feedback":"","content":"So"}"#, ""), (#"{"approved":"true","content":"So"}"#, ""),
    ])
    func aPolishNeedsAnApproval(answer: String, polish: String) {
        #expect(excerpt(.polish, of: answer) == polish)
        #expect(excerpt(.polish, of: answer, pieces: 3) == polish)
    }

    @Test func anObjectIsShownWhole() {
        let object = #"{"a": [1, {"b": "}"}], "c": "é\n"}"#
        for answer in [object, " \(object) And more.", "```json\n\(object)\n```", object + object] {
            #expect(excerpt(.object, of: answer) == object)
        }
        #expect(excerpt(.object, of: "Here: \(object)") == "")
        #expect(excerpt(.text, of: "Here: \(object)") == "Here: \(object)")
    }
}
