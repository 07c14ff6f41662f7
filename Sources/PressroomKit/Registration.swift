import Base
import Foundation
import Processor
import Workflow

extension CustomKind {
    /// The kind as the processor and the reader of definitions know it.
    var registered: RegisteredKind {
        RegisteredKind(
            name: name, check: { attributes in mistakes(in: attributes) },
            run: { call in
                let attributes: Attributes
                do {
                    attributes = try Coding.decode(Attributes.self, from: call.attributes)
                } catch {
                    // The workflow was published when the kind had other attributes.
                    throw StepFailure(code: "invalid_attributes", message: "\(Coding.problem(error))", isRetryable: false)
                }
                do {
                    return try OrderedEncoder.encode(try await run(attributes, StepCall(call)))
                } catch let error as StepError {
                    throw StepFailure(
                        code: error.code, message: error.message, isRetryable: error.isRetryable, retryAfter: error.retryAfter)
                }
            })
    }

    private func mistakes(in json: JSON) -> [Problem] {
        let attributes: Attributes
        do {
            attributes = try Coding.decode(Attributes.self, from: json)
        } catch {
            return [Coding.problem(error)]
        }
        // Encoding the attributes again yields every key that was read.
        let known = (try? OrderedEncoder.encode(attributes).object) ?? [:]
        let unknown = (json.object ?? [:]).filter { !$0.value.isNull && known[$0.key] == nil }.keys.sorted()
        return unknown.map { Problem(pointer: JSONPointer.appending($0, to: ""), detail: "is not a known key") }
            + problems(in: attributes).map { Problem(pointer: JSONPointer.appending($0.key, to: ""), detail: $0.detail) }
    }
}

/// Reads Swift values from the JSON of rows.
enum Coding {
    static func decode<Value: Decodable>(_ type: Value.Type, from json: JSON) throws -> Value {
        try JSONDecoder().decode(type, from: Data(json.text.utf8))
    }

    /// Where a value cannot be read, and why.
    static func problem(_ error: any Error) -> Problem {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            Problem(pointer: pointer(context.codingPath + [key]), detail: "is required")
        case DecodingError.valueNotFound(_, let context):
            Problem(pointer: pointer(context.codingPath), detail: "is required")
        case DecodingError.typeMismatch(let type, let context):
            Problem(pointer: pointer(context.codingPath), detail: "must be \(name(of: type))")
        case DecodingError.dataCorrupted(let context):
            Problem(pointer: pointer(context.codingPath), detail: "is wrong: \(context.debugDescription)")
        default:
            Problem(pointer: "", detail: "cannot be read: \(error)")
        }
    }

    private static func pointer(_ path: [any CodingKey]) -> String {
        path.reduce("") { pointer, key in
            key.intValue.map { JSONPointer.appending($0, to: pointer) } ?? JSONPointer.appending(key.stringValue, to: pointer)
        }
    }

    private static func name(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any FixedWidthInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is any Collection.Type where "\(type)".hasPrefix("Array"): "a list"
        default: "an object"
        }
    }
}
