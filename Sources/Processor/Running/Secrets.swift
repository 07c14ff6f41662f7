import Foundation
import Workflow

/// The secrets that one request refers to, while it is made. They go into the request and nowhere else.
struct Secrets {
    private let values: [String: String]

    /// - Throws: `unknown_secret`, which is final: it names the first that this node does not have.
    init(named names: Set<String>, from lookup: SecretLookup) throws(StepFailure) {
        var values: [String: String] = [:]
        for name in names.sorted() {
            guard let value = lookup(name), !value.isEmpty else {
                throw StepFailure(
                    code: "unknown_secret", message: "This node has no secret \(name): PRESSROOM_SECRET_\(name) is not set.",
                    isRetryable: false)
            }
            values[name] = value
        }
        self.values = values
    }

    /// What templates see as `secret`.
    var json: JSON { .object(values.mapValues(JSON.string)) }

    subscript(name: String) -> String { values[name] ?? "" }

    /// The text with every secret blotted out, as it is and as URLs, forms and JSON write it.
    func redacted(_ text: String) -> String {
        forms.reduce(text) { $0.replacing($1, with: "(hidden)") }
    }

    func redacted(_ json: JSON) -> JSON {
        switch json {
        case .string(let text): .string(redacted(text))
        case .array(let elements): .array(elements.map(redacted))
        case .object(let members):
            .object(Dictionary(members.map { (redacted($0.key), redacted($0.value)) }, uniquingKeysWith: { first, _ in first }))
        default: json
        }
    }

    /// The longest first: one may be part of another.
    private var forms: [String] {
        let all = values.values.flatMap { value -> [String] in
            let encoded = URLEscaping.escaped(value)
            return [
                value, encoded, encoded.replacing("%20", with: "+"), String(JSON.string(value).text.dropFirst().dropLast()),
                Data(value.utf8).base64EncodedString(),
            ]
        }
        return Set(all).filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }
}
