import Base
import Foundation
import Testing

@testable import PressroomKit

/// Outputs of custom kinds as JSON.
@Suite struct OrderedEncoderTests {
    private struct Part: Encodable {
        var zone: UInt64
        var nothing: Int?
        var topic: String
        var list: [[Int?]]
        var table: [String: Double]
    }

    private struct Whole: Encodable {
        enum Tone: String, Encodable { case warm }
        enum CodingKeys: String, CodingKey { case parts, by, a_long_name, at, data, link, price, tone, number, none }

        var parts: [Part]
        var by = true
        var a_long_name: Part
        var at = Date(timeIntervalSince1970: 0)
        var data = Data([1, 2])
        var link = URL(string: "https://example.com/a")
        var price = Decimal(string: "0.30")
        var tone = Tone.warm
        var number: Float = 0.1
        var none = NoAttributes()
    }

    /// Encodes with containers of every form.
    private struct Nested: Encodable {
        enum Key: String, CodingKey { case z, list, inner, a }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encodeNil(forKey: .z)
            var list = container.nestedUnkeyedContainer(forKey: .list)
            try list.encode(1)
            var inner = list.nestedContainer(keyedBy: Key.self)
            try inner.encode("x", forKey: .z)
            try inner.encode("y", forKey: .a)
            try list.encodeNil()
            try "super".encode(to: container.superEncoder(forKey: .inner))
            var again = encoder.container(keyedBy: Key.self)
            try again.encode(2, forKey: .a)
        }
    }

    @Test func membersComeInTheOrderOfTheirEncoding() throws {
        let part = Part(zone: .max, nothing: nil, topic: "é\n", list: [[1, nil], []], table: ["z": 1, "a": 0.5])
        let text = #"{"zone":18446744073709551615,"topic":"é\n","list":[[1,null],[]],"table":{"a":0.5,"z":1}}"#
        #expect(try OrderedEncoder.encode(part).text == text)
        #expect(
            try OrderedEncoder.encode(Whole(parts: [part, part], a_long_name: part)).text
                == #"{"parts":[\#(text),\#(text)],"by":true,"a_long_name":\#(text),"at":"1970-01-01T00:00:00Z","data":"AQI=","#
                + #""link":"https://example.com/a","price":0.3,"tone":"warm","number":0.1,"none":{}}"#)
        #expect(try OrderedEncoder.encode(Nested()).text == #"{"z":null,"list":[1,{"z":"x","a":"y"},null],"inner":"super","a":2}"#)
        for (value, text) in [(Optional<Int>.none, "null"), (3, "3")] { #expect(try OrderedEncoder.encode(value).text == text) }
        #expect(try OrderedEncoder.encode(["b", "a"]).text == #"["b","a"]"#)
    }

    @Test func whatJSONCannotSayIsRefused() {
        #expect(throws: EncodingError.self) { try OrderedEncoder.encode([Double.nan]) }
        #expect(throws: EncodingError.self) { try OrderedEncoder.encode(["a": Float.infinity]) }
        #expect(throws: EncodingError.self) { try OrderedEncoder.encode(Decimal.nan) }
    }

    @Test func whatTheServiceCouldNotReadIsRefused() {
        final class Chain: Encodable {
            let next: Chain?
            init(_ length: Int) { next = length > 0 ? Chain(length - 1) : nil }
        }
        #expect(throws: EncodingError.self) { try OrderedEncoder.encode(Chain(200)) }
        #expect(throws: Never.self) { try OrderedEncoder.encode(Chain(100)) }
    }
}
