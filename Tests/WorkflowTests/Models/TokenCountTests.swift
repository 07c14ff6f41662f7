import Base
import Testing
import Workflow

@Suite("Counts of tokens from outside")
struct TokenCountTests {
    @Test("Whatever is in the place of a number is read into 0…10^12, or is unknown", arguments: [
        ("0", 0), ("17", 17), ("-3", 0), ("9223372036854775807", TokenCount.max), ("-9223372036854775808", 0), ("1000000000001", TokenCount.max),
        ("99999999999999999999999999", TokenCount.max), ("-99999999999999999999999999", 0), ("1.4", 1), ("1.5", 2), ("-0.4", 0),
        ("1e308", TokenCount.max), ("1e-308", 0), (#""12""#, 12), (#""1e999""#, TokenCount.max), (#""-5""#, 0), (#""many""#, nil), (#""nan""#, nil),
        (#""""#, nil), ("null", nil), ("true", nil), ("[1]", nil), (#"{"n": 1}"#, nil),
    ] as [(String, Int?)])
    func reading(text: String, count: Int?) throws {
        #expect(TokenCount.reading(try JSON(parsing: text)) == count)
    }

    @Test("Sums saturate, whatever is added")
    func sums() {
        let huge = Usage(promptTokens: .max, completionTokens: .max, totalTokens: .max, cost: .infinity)
        #expect(huge == Usage(promptTokens: TokenCount.maxSum, completionTokens: TokenCount.maxSum, cost: 1e15))
        #expect((huge + huge).totalTokens == TokenCount.maxSum)
        #expect((huge + huge).cost == 1e15)
        #expect(Usage(promptTokens: .min, completionTokens: -1, totalTokens: -7, cost: -2) == Usage(promptTokens: 0, completionTokens: 0, cost: 0))
        #expect(TokenCount.sum(.min, .min) == 0 && TokenCount.sum(.max, .max) == TokenCount.maxSum)
        // As a row may hold it after a change by hand.
        let row: JSON = ["prompt_tokens": 9_223_372_036_854_775_807, "completion_tokens": -4, "total_tokens": "x", "cost": 1e308]
        let read = Usage(json: row) + Usage(json: row)
        #expect(read.promptTokens == TokenCount.maxSum && read.completionTokens == 0 && read.totalTokens == 0)
        #expect(Usage(json: read.json) == read)
    }

    @Test("A report is unknown without any count, and its total is never below its parts")
    func reports() {
        #expect(Usage(reportedPrompt: [nil, .null], completion: nil) == nil)
        #expect(Usage(reportedPrompt: ["?"], completion: nil, total: nil) == nil)
        #expect(Usage(reportedPrompt: [3, 4, nil], completion: 5)?.totalTokens == 12)
        #expect(Usage(reportedPrompt: [3], completion: 5, total: 9)?.totalTokens == 9)
        #expect(Usage(reportedPrompt: [3], completion: 5, total: 1)?.totalTokens == 8)
        #expect(Usage(reportedPrompt: [.integer(.max), .integer(.max)], completion: .integer(.max))?.totalTokens == 3 * TokenCount.max)
    }

    @Test("A bucket owes minutes at most, and no wait is longer", arguments: [1, 7, 1_000, Int.max])
    func debt(limit: Int) {
        let bucket = RateBucket(perMinute: limit)
        for level in [0, -1e12, -1e308, -.infinity] as [Double] {
            let wait = bucket.wait(from: level, to: 1)
            #expect(wait > .zero && wait < .seconds(8 * 60), "\(level)")
        }
        #expect(bucket.wait(from: .nan, to: 1) == .zero)
        #expect(bucket.wait(from: .infinity, to: 1) == .zero)
        #expect(RateBucket(perMinute: -3) == RateBucket(perMinute: 1))
    }
}
