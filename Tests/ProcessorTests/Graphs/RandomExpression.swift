import Base
import Workflow

/// An SQL/JSON path as a tree, which can be written for PostgreSQL and evaluated here, as naively as its manual says.
indirect enum RandomExpression: Sendable {
    enum Failure: Error { case failed }

    case number(Int)
    /// From `$`: member names, and `[*]`.
    case path([String])
    case arithmetic(RandomExpression, String, RandomExpression)
    case comparison(RandomExpression, String, RandomExpression)
    case both(RandomExpression, RandomExpression)
    case either(RandomExpression, RandomExpression)
    case not(RandomExpression)
    case exists([String])

    var text: String {
        switch self {
        case .number(let value): "\(value)"
        case .path(let parts): Self.text(parts)
        case .arithmetic(let left, let sign, let right): "(\(left.text) \(sign) \(right.text))"
        case .comparison(let left, let sign, let right): "(\(left.text) \(sign) \(right.text))"
        case .both(let left, let right): "(\(left.text) && \(right.text))"
        case .either(let left, let right): "(\(left.text) || \(right.text))"
        case .not(let inner): "(!\(inner.text))"
        case .exists(let parts): "exists(\(Self.text(parts)))"
        }
    }

    private static func text(_ parts: [String]) -> String {
        parts.reduce("$") { $1 == "[*]" ? $0 + $1 : "\($0).\($1)" }
    }

    /// Everything found, in order. A predicate finds true, false, or null for unknown.
    func find(in document: JSON) throws(Failure) -> [JSON] {
        switch self {
        case .number(let value):
            return [.integer(Int64(value))]
        case .path(let parts):
            return Self.walk(parts, document)
        case .arithmetic(let left, let sign, let right):
            return [.integer(try Self.compute(left.number(in: document), sign, right.number(in: document)))]
        default:
            return [truth(in: document).map(JSON.bool) ?? .null]
        }
    }

    /// Three-valued: nil is unknown. What fails inside a predicate makes it unknown.
    private func truth(in document: JSON) -> Bool? {
        switch self {
        case .comparison(let left, let sign, let right):
            guard let lefts = try? left.operands(in: document), let rights = try? right.operands(in: document) else { return nil }
            var isUnknown = false
            for left in lefts {
                for right in rights {
                    switch Self.compare(left, sign, right) {
                    case true?: return true
                    case nil: isUnknown = true
                    case false?: break
                    }
                }
            }
            return isUnknown ? nil : false
        case .both(let left, let right):
            let (left, right) = (left.truth(in: document), right.truth(in: document))
            return left == false || right == false ? false : left == nil || right == nil ? nil : true
        case .either(let left, let right):
            let (left, right) = (left.truth(in: document), right.truth(in: document))
            return left == true || right == true ? true : left == nil || right == nil ? nil : false
        case .not(let inner):
            return inner.truth(in: document).map { !$0 }
        case .exists(let parts):
            return !Self.walk(parts, document).isEmpty
        case .number, .path, .arithmetic:
            return nil
        }
    }

    /// Paths are lax: members of an array are those of its elements, what is missing is passed over, and a scalar is as
    /// good as an array of one.
    private static func walk(_ parts: [String], _ document: JSON) -> [JSON] {
        parts.reduce([document]) { found, part in
            found.flatMap { value -> [JSON] in
                if part == "[*]" { return value.array ?? [value] }
                return (value.array ?? [value]).compactMap { $0[part] }
            }
        }
    }

    /// Operands are unwrapped when they are arrays.
    private func operands(in document: JSON) throws(Failure) -> [JSON] {
        try find(in: document).flatMap { $0.array ?? [$0] }
    }

    private func number(in document: JSON) throws(Failure) -> Int64 {
        let found = try operands(in: document)
        guard found.count == 1, case .integer(let value) = found[0] else { throw .failed }
        return value
    }

    private static func compute(_ left: Int64, _ sign: String, _ right: Int64) throws(Failure) -> Int64 {
        switch sign {
        case "+": return left + right
        case "-": return left - right
        case "*": return left * right
        default:
            guard right != 0 else { throw .failed }
            return left % right
        }
    }

    private static func compare(_ left: JSON, _ sign: String, _ right: JSON) -> Bool? {
        switch (left, right) {
        case (.array, _), (.object, _), (_, .array), (_, .object):
            // Null is compared before it is seen that the other side is no scalar.
            if left == .null || right == .null { return sign == "!=" }
            return nil
        case (.integer(let left), .integer(let right)):
            switch sign {
            case "==": return left == right
            case "!=": return left != right
            case "<": return left < right
            default: return left > right
            }
        case (.null, .null): return sign == "=="
        case (.null, _), (_, .null): return sign == "!="
        case (.string(let left), .string(let right)): return Self.compare(.integer(left < right ? -1 : left == right ? 0 : 1), sign, 0)
        case (.bool(let left), .bool(let right)): return Self.compare(.integer(left ? 1 : 0), sign, .integer(right ? 1 : 0))
        default: return nil
        }
    }
}
