import Base
import Foundation
import TestSupport
import Testing

@testable import Workflow

/// Documents of every legal form through all that the service does with them. `PRESSROOM_TEST_DOCUMENTS` says how many,
/// `PRESSROOM_TEST_SEED` which.
@Suite("Random documents", .serialized)
struct DocumentFuzzTests {
    private static let count = ProcessInfo.processInfo.environment["PRESSROOM_TEST_DOCUMENTS"].flatMap { Int($0) } ?? 500

    @Test("come back as they were sent")
    func legal() throws {
        var generator = Seed.generator()
        for number in 0..<Self.count {
            let document = RandomDocument.random(&generator, maxDepth: 63)
            let text = document.text(&generator)
            let value = try JSON(parsing: text)
            try #require(document.isSame(as: value), "document \(number): \(text.prefix(2_000))")

            // As a row has it, wrapped and read again.
            let row = JSON.object(["phases": ["a": ["items": [value]]]])
            let read = try JSON(parsing: row.text, limits: .stored)["phases"]?["a"]?["items"]?[0]
            try #require(read?.isSameValue(as: value) == true, "document \(number): \(text.prefix(2_000))")
            try #require(document.isSame(as: read ?? .null), "document \(number): \(text.prefix(2_000))")
            #expect(try JSON(parsing: value.canonicalText).canonicalText == value.canonicalText)
            #expect(value == value && value.depth <= 64)

            try checkSchema(of: value, number)
            try checkTemplates(of: value, number)
        }
    }

    /// A schema takes the document as it is, whatever it adds.
    private func checkSchema(of value: JSON, _ number: Int) throws {
        let wrapped: JSON = ["doc": value]
        let schema = try JSONSchema(["properties": ["doc": true, "added": ["default": 7]], "required": ["doc", "added"]])
        let completed = try schema.completed(wrapped, maxBytes: 16 << 20)
        #expect(completed["doc"] == value && completed["added"] == 7, "document \(number)")
        #expect(try JSONSchema(["const": value]).validate(value) == [], "document \(number)")
        #expect(try JSONSchema(["enum": [1, value, "x"]]).validate(value) == [], "document \(number)")
        #expect(try !JSONSchema(["uniqueItems": true]).validate([value, value]).isEmpty, "document \(number)")
        #expect(try !JSONSchema(["not": ["enum": [value]]]).validate(value).isEmpty, "document \(number)")
        // Nothing in a document crashes a schema that it takes for itself.
        if let own = try? JSONSchema(value) { _ = own.validate(value) }
    }

    private func checkTemplates(of value: JSON, _ number: Int) throws {
        let context: JSON = ["doc": value, "one": ["two": [value]]]
        let template = try JSONTemplate(["a": "{{doc}}", "b": ["{{one.two.0}}"], "c": "{{ doc }}"])
        #expect(try template.render(context) == ["a": value, "b": [value], "c": value], "document \(number)")
        guard value.object != nil || value.array != nil else { return }
        let text = try PromptTemplate("{{doc}}").render(context)
        #expect(try JSON(parsing: text).isSameValue(as: value), "document \(number)")
        #expect(try PromptTemplate("{{{doc}}}", escaping: .url).render(context) == text, "document \(number)")
    }

    @Test("that are broken are refused or read, and never crash")
    func broken() throws {
        var generator = Seed.generator()
        for _ in 0..<Self.count {
            let document = RandomDocument.random(&generator, maxDepth: 70)
            var bytes = Array(document.text(&generator).utf8)
            for _ in 0...generator.next(below: 3) where !bytes.isEmpty {
                let place = Int(generator.next(below: UInt64(bytes.count)))
                switch generator.next(below: 3) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(Int(generator.next(below: 20))), at: place)
                }
            }
            for limits in [JSONLimits.input, .made, .stored] {
                guard let value = try? JSON(parsing: bytes, limits: limits) else { continue }
                #expect(value.depth <= limits.depth)
                #expect(throws: Never.self) { try JSON(parsing: value.text, limits: limits) }
            }
            if bytes.count < 4_000 { _ = try? JSON(parsing: String(decoding: bytes, as: UTF8.self), format: .yaml) }
        }
    }
}
