package import Base

/// Finds the one JSON object in a model's answer.
enum StructuredAnswer {
    /// Longer answers are refused.
    static let maxBytes = 262_144
    private static let maxAttempts = 64

    /// Accepts code fences and text around the object, and thoughts in `<think>` tags before it. An answer with no object,
    /// or with several different ones, is not readable.
    static func object(in text: String) throws(ProviderError) -> JSON {
        guard text.utf8.count <= maxBytes else { throw unreadable("it is too long") }
        if let whole = try? JSON(repairing: text.utf8), whole.object != nil { return whole.withoutNULs }
        let found = try objects(in: Array(afterThoughts(text).utf8))
        guard let first = found.first else { throw unreadable("it has no JSON object") }
        guard found.allSatisfy({ $0.isSameValue(as: first) }) else { throw unreadable("it has several JSON objects") }
        return first.withoutNULs
    }

    /// - Parameter unquoted: the reason without what it quotes of the answer; nil where it quotes nothing.
    static func unreadable(_ reason: String, unquoted: String? = nil) -> ProviderError {
        ProviderError(
            code: .invalidResponse, message: "The answer cannot be read: \(reason).",
            unquoted: unquoted.map { "The answer cannot be read: \($0)" })
    }

    private static func afterThoughts(_ text: String) -> Substring {
        guard text.holds(UInt8(ascii: "<")), let end = text.firstRange(of: "</think>") else { return text[...] }
        return text[end.upperBound...]
    }

    /// The outermost objects, in order. Objects inside a broken one are not the answer.
    private static func objects(in bytes: [UInt8]) throws(ProviderError) -> [JSON] {
        var found: [JSON] = []
        var position = 0
        for _ in 0..<maxAttempts {
            guard let start = bytes[position...].firstIndex(of: UInt8(ascii: "{")) else { break }
            if let end = matchingBrace(in: bytes, from: start), let object = try? JSON(repairing: bytes[start...end]) {
                found.append(object)
                position = end + 1
            } else if bytes[(start + 1)...].first(where: { $0 > 0x20 }) == UInt8(ascii: "\"") {
                throw unreadable("its JSON object is broken or cut off")
            } else {
                position = start + 1  // a brace in a sentence
            }
        }
        return found
    }

    private static func matchingBrace(in bytes: [UInt8], from start: Int) -> Int? {
        var depth = 0
        var isInString = false
        var position = start
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\\") where isInString: position += 1
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "{") where !isInString: depth += 1
            case UInt8(ascii: "}") where !isInString:
                depth -= 1
                if depth == 0 { return position }
            default: break
            }
            position += 1
        }
        return nil
    }
}

/// Reads an agent's answer to a prompt that asks for JSON.
package enum AgentAnswer {
    /// The one JSON object of the answer; throws `invalid_response` where there is none, or where it breaks the schema.
    package static func parse(_ text: String, schema: JSON) throws(ProviderError) -> JSON {
        let answer = try StructuredAnswer.object(in: text)
        guard let schema = try? JSONSchema(schema) else { return answer }  // checked when the workflow was published
        if let problem = schema.validate(answer).first {
            guard !problem.pointer.isEmpty else { throw StructuredAnswer.unreadable("it \(problem.detail)") }
            // The names of members are the model's, what is wrong with them is the schema's.
            throw StructuredAnswer.unreadable(
                "\(problem.pointer) \(problem.detail)", unquoted: "a part of it \(problem.detail)")
        }
        return answer
    }
}
