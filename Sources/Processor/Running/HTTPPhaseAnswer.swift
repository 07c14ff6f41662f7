import Foundation
import Workflow

/// What a server answered to an `http` phase, without the secrets that it may have sent back.
struct HTTPPhaseAnswer {
    private let response: WebResponse
    private let secrets: Secrets

    init(_ response: WebResponse, _ secrets: Secrets) {
        self.response = response
        self.secrets = secrets
    }

    /// Why the status is no success; nil when it is one.
    func failure(expecting expected: [Int]?) -> StepFailure? {
        let status = response.status
        if let expected { if expected.contains(status) { return nil } } else if (200...299).contains(status) { return nil }
        var message = "The server answered \(status)."
        if (300...399).contains(status), let target = response.header("location") {
            message = "The server answered \(status) and redirects to \(target.prefix(200)); redirects are not followed."
        } else if let excerpt {
            message += " \(excerpt)"
        }
        let (code, isRetryable) =
            switch status {
            case 429: ("rate_limited", true)
            case 408: ("timeout", true)
            case 500...599: ("unavailable", true)
            default: ("http_status", false)
            }
        return StepFailure(
            code: code, message: secrets.redacted(message), isRetryable: isRetryable, retryAfter: isRetryable ? response.retryAfter : nil)
    }

    /// The phase's output.
    ///
    /// - Throws: `invalid_response` for a body that says it is JSON and is none.
    var json: JSON {
        get throws(ProviderError) {
            ["status": .integer(Int64(response.status)), "headers": headers, "body": try body]
        }
    }

    /// By their names in lower case, several of a name in one with commas; cookies are credentials, and left out.
    private var headers: JSON {
        var members: [String: String] = [:]
        for header in response.headers where header.name.lowercased() != "set-cookie" {
            let name = header.name.lowercased()
            members[name] = members[name].map { "\($0), \(header.value)" } ?? header.value
        }
        return secrets.redacted(.object(members.mapValues { .string($0.replacing("\0", with: "")) }))
    }

    /// JSON as such, other text as text, and what is no text in base64.
    private var body: JSON {
        get throws(ProviderError) {
            guard !response.body.isEmpty else { return .null }
            guard let text = String(validating: response.body, as: UTF8.self) else {
                return ["base64": .string(Data(response.body).base64EncodedString())]
            }
            guard isJSON else { return .string(secrets.redacted(text.replacing("\0", with: ""))) }
            do {
                return secrets.redacted(try JSON(parsing: text).withoutNULs)
            } catch {
                throw ProviderError(code: .invalidResponse, message: "The answer says that it is JSON, and it is not: \(error).")
            }
        }
    }

    private var isJSON: Bool {
        let type = response.header("content-type")?.prefix { $0 != ";" }.lowercased().trimmingCharacters(in: .whitespaces) ?? ""
        return type == "application/json" || (type.hasPrefix("application/") && type.hasSuffix("+json"))
    }

    /// The beginning of a body that is text, on one line.
    private var excerpt: String? {
        guard let text = String(validating: response.body, as: UTF8.self) else { return nil }
        // Blotted out before it is cut, or half a secret could stand at the end.
        let line = secrets.redacted(text).split(whereSeparator: { $0.isWhitespace || $0 == "\0" }).joined(separator: " ")
        return line.isEmpty ? nil : String(line.prefix(300))
    }
}
