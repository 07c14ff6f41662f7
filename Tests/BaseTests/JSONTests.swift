import Foundation
import Testing

@testable import Base

@Suite struct JSONTests {
    @Test(arguments: [
        ("null", JSON.null), ("true", true), (" [1, -2 ,3] ", [1, -2, 3]), ("9223372036854775807", .integer(.max)),
        ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .decimal("9223372036854775808")),
        ("1.0", .number(1)), ("-0", .integer(0)), ("1e2", .number(100)), ("\"\\u00e9\\ud83d\\ude42\\n\\/\"", "é🙂\n/"),
        ("{\"a\":{\"b\":[]},\"a\":2}", ["a": 2]), ("\"\"", ""), ("0.1", .number(0.1)), ("1e-400", .decimal("1e-400")),
        ("1e399", .decimal("1e399")), ("1e-5000", .number(0)), ("0.1234567890123456789", .decimal("0.1234567890123456789")),
        ("0.30000000000000004", .number(0.1 + 0.2)), ("1.10000000000000000000000", .number(1.1)), ("5e-324", .number(.leastNonzeroMagnitude)),
        ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)), ("0.000e7", .number(0)),
    ] as [(String, JSON)])
    func parses(_ text: String, _ value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "01", "1.", ".5", "+1", "-", "1e", "1e999", "[1,]", "[1 2]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}",
        "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "1 2", "NaN", "'a'",
        "[", "{", "{\"a\":", "\u{FEFF}1", String(repeating: "9", count: 401),
    ])
    func refuses(_ text: String) {
        #expect(throws: JSONParseError.self) { try JSON(parsing: text) }
    }

    @Test(arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0xE2, 0x82, 0x22]] as [[UInt8]])
    func refusesInvalidUTF8(_ bytes: [UInt8]) {
        #expect { try JSON(parsing: bytes) } throws: { ($0 as? JSONParseError)?.reason.contains("UTF-8") ?? false }
    }

    @Test func saysWhere() {
        #expect(throws: JSONParseError(reason: "expected a value", offset: 9, line: 2, column: 8)) {
            try JSON(parsing: "{\n\"aé\": oops}")
        }
    }

    @Test func depthIsBounded() throws {
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(try JSON(parsing: deep(64)).depth == 64)
        #expect(throws: JSONParseError.self) { try JSON(parsing: deep(65)) }
        #expect(throws: JSONParseError.self) { try JSON(parsing: String(repeating: "[", count: 1_000_000)) }
        #expect(try JSON(parsing: deep(400), limits: .stored).depth == 400)
        #expect(throws: JSONParseError.self) { try JSON(parsing: deep(401), limits: .stored) }
    }

    /// Threads that the system makes for tasks may have as little.
    @Test(arguments: [true, false]) func storedDocumentsNeedLittleStack(isObject: Bool) async throws {
        let depth = JSONLimits.stored.depth
        let (start, end) = isObject ? (#"{"é":"#, "}") : ("[", "]")
        let text = String(repeating: start, count: depth) + #""\u0000""# + String(repeating: end, count: depth)
        let outcome: String = await withCheckedContinuation { continuation in
            let thread = Thread {
                let result = Result { () throws -> String in
                    let (one, other) = (try JSON(parsing: text, limits: .stored), try JSON(parsing: text, limits: .stored))
                    guard one == other, one.hashValue == other.hashValue, one.isSameValue(as: other) else { return "not equal" }
                    guard one.containsNUL, one.firstNUL() != nil, !one.withoutNULs.containsNUL else { return "U+0000" }
                    return one.text == text && one.canonicalText == text && one.depth == depth ? "fine" : one.text
                }
                continuation.resume(returning: (try? result.get()) ?? "\(result)")
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
        #expect(outcome == "fine")
    }

    @Test func rowsHoldEveryNumberOfPostgreSQL() throws {
        let large = "1" + String(repeating: "0", count: 131_000), small = "-0." + String(repeating: "0", count: 16_000) + "1"
        for text in [large, small, "-" + large + "." + String(repeating: "7", count: 16_383)] {
            let value = try JSON(parsing: text, limits: .stored)
            #expect(value.text == text && value.double?.isFinite == true && value.int == nil)
        }
        #expect(throws: JSONParseError.self) { try JSON(parsing: large) }
        #expect(try JSON(parsing: "1e131000", limits: .stored).isSameValue(as: JSON(parsing: large, limits: .stored)))
        #expect(throws: JSONParseError.self) { try JSON(parsing: "1e1000000", limits: .stored) }
    }

    @Test func numbersAreTheSameByTheirValue() throws {
        let pairs = [("1e30", "1000000000000000000000000000000"), ("0.50", "5e-1"), ("18446744073709551616", "18446744073709551616.0")]
        for (one, other) in pairs { #expect(try JSON(parsing: one).isSameValue(as: JSON(parsing: other)), "\(one) \(other)") }
        #expect(try JSON(parsing: "1e399").typeName == "integer" && JSON(parsing: "1234567890123456789012.5").typeName == "number")
        #expect(try JSON(parsing: "3.1480628487343194e+17").isSameValue(as: JSON(parsing: "314806284873431940")))
        #expect(try JSON(parsing: "700190887770453828e-0").isSameValue(as: JSON(parsing: "700190887770453828")))
        // What the double is in binary does not count.
        #expect(try !JSON(parsing: "3.1480628487343194e+17").isSameValue(as: JSON(parsing: "314806284873431936")))
        #expect(try !JSON(parsing: "0.12345678901234567891").isSameValue(as: JSON(parsing: "0.12345678901234567892")))
    }

    @Test func repeatedKeysAreFoundWhereTheyAreNotWanted() throws {
        #expect(try JSON(parsing: #"{"a":1,"a":2}"#) == ["a": 2])
        var limits = JSONLimits.input
        limits.refusesRepeatedKeys = true
        #expect { try JSON(parsing: #"{"x":[0,{"é":1,"b":{},"\u00e9":2}]}"#, limits: limits) } throws: {
            ($0 as? JSONParseError)?.pointer == "/x/1" && ($0 as? JSONParseError)?.reason == "has the key 'é' twice"
        }
        #expect(throws: Never.self) { try JSON(parsing: #"{"é":1,"e\u0301":2,"b":{"é":1}}"#, limits: limits) }
    }

    @Test func textIsCompactKeepsTheOrderAndReadsBack() throws {
        let value: JSON = ["b": [1, 2.5, nil, true], "a": "q\"\\\n\u{1}\u{7F}é", "c": .number(1e21), "d": .number(-0.0), "e": 3.0]
        #expect(value.text == #"{"b":[1,2.5,null,true],"a":"q\"\\\n\u0001"# + "\u{7F}é" + #"","c":1e+21,"d":0,"e":3}"#)
        #expect(try JSON(parsing: value.text).isSameValue(as: value))
        #expect(JSON.number(.nan).text == "null")
    }

    @Test func canonicalTextIsTheSameForEveryOrder() throws {
        let one = try JSON(parsing: #"{"b":{"y":1,"x":2},"a":[]}"#)
        let other = try JSON(parsing: #"{"a":[],"b":{"x":2,"y":1}}"#)
        #expect(one == other && one.hashValue == other.hashValue)
        #expect(one.text != other.text && one.canonicalText == #"{"a":[],"b":{"x":2,"y":1}}"#)
        #expect(one.canonicalText == other.canonicalText)
    }

    @Test(arguments: ["18446744073709551615", "-9223372036854775809", "123456789012345678901234567890"])
    func largeWholeNumbersKeepTheirDigits(_ digits: String) throws {
        let value = try JSON(parsing: digits)
        #expect(value.text == digits && value.typeName == "integer" && value.int == nil)
        #expect(value.double == Double(digits))
    }

    @Test func keysAndTextsCompareByCodePoints() throws {
        let value = try JSON(parsing: #"{"\u00e9": 1, "e\u0301": 2}"#)
        #expect(value.object?.count == 2 && value["\u{E9}"] == 1 && value["e\u{301}"] == 2)
        #expect(JSON.string("\u{E9}") != JSON.string("e\u{301}"))
        #expect(!JSON.string("\u{E9}").isSameValue(as: .string("e\u{301}")))
    }

    /// Beyond a dozen members an object finds its keys by an index.
    @Test func largeObjectsKeepOrderThroughChanges() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var object = JSONObject()
        var expected: [(String, JSON)] = []
        for _ in 0..<2_000 {
            let key = "k\(generator.next(below: 60))"
            if generator.next(below: 3) == 0 {
                #expect(object.removeValue(forKey: key) == expected.first { $0.0 == key }?.1, "seed \(seed)")
                expected.removeAll { $0.0 == key }
            } else {
                let value = JSON.integer(Int64(generator.next(below: 1_000)))
                object[key] = value
                if let index = expected.firstIndex(where: { $0.0 == key }) { expected[index].1 = value } else { expected.append((key, value)) }
            }
            try #require(object.keys == expected.map(\.0) && object.values == expected.map(\.1), "seed \(seed)")
        }
    }

    @Test func randomValuesReadBack() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let value = Self.random(&generator, depth: 0)
            #expect(try JSON(parsing: value.text) == value, "seed \(seed)")
            let coded = try JSONDecoder().decode(JSON.self, from: JSONEncoder().encode(value))
            #expect(coded.isSameValue(as: value), "seed \(seed)")
        }
    }

    @Test func mutatedBytesNeverCrash() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            var bytes = Self.random(&generator, depth: 0).utf8
            if !bytes.isEmpty { bytes[Int(generator.next(below: UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: generator.next()) }
            if let value = try? JSON(parsing: bytes) {
                #expect((try? JSON(parsing: value.text))?.isSameValue(as: value) == true, "seed \(seed)")
            }
        }
    }

    @Test func findsNUL() {
        #expect(JSON(dictionaryLiteral: ("a", [1, ["b/c": "x\u{0}"]])).firstNUL() == "/a/1/b~1c")
        #expect(JSON.object(["k\u{0}": 1]).containsNUL)
        #expect(!JSON.object(["k": "\\u0000"]).containsNUL)
    }

    @Test func accessors() {
        var value: JSON = ["a": 1, "b": [true, 2.0]]
        #expect(value["a"]?.int == 1 && value["b"]?[1]?.int == 2 && value["b"]?[9] == nil && value["b"]?[0]?.bool == true)
        value["c"] = "x"
        value["a"] = nil
        #expect(value == ["b": [true, 2.0], "c": "x"])
        #expect(JSON.number(1.5).int == nil && JSON.number(1e30).int == nil)
    }

    private static func random(_ generator: inout SeededGenerator, depth: Int) -> JSON {
        switch generator.next(below: depth > 3 ? 5 : 7) {
        case 0: return .null
        case 1: return .bool(generator.next(below: 2) == 0)
        case 2: return .integer(Int64(bitPattern: generator.next()))
        case 3: return .number(generator.nextUnit() * 1e6 + 0.5e-7)
        case 4:
            let scalars = (0..<generator.next(below: 8)).compactMap { _ in Unicode.Scalar(UInt32(generator.next(below: 0x11_0000))) }
            return .string(String(String.UnicodeScalarView(scalars)))
        case 5: return .array((0..<generator.next(below: 4)).map { _ in random(&generator, depth: depth + 1) })
        default:
            return .object(JSONObject((0..<generator.next(below: 4)).map { ("k\($0)", random(&generator, depth: depth + 1)) }))
        }
    }
}
