import Base
import Foundation
import Store
import Workflow

/// Sends one request and keeps the response: `{status, headers, body}`.
///
/// A request may be sent twice, as any step may run twice; all but GET and HEAD carry the step's id as
/// `Idempotency-Key`, by which a server can tell.
struct HTTPKind: SingleStepBehavior {
    let phase: HTTPPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .http)
    }

    func run(_ run: StepRun) async throws -> StepResult {
        let secrets = try Secrets(named: phase.secretNames, from: run.services.secrets(of: run.step.tenantID))
        do {
            let request = try HTTPPhaseRequest(phase, run, secrets).request
            let response = try await Self.recorded(request, run, secrets)
            let received = HTTPPhaseResponse(response, secrets)
            if let failure = received.failure(expecting: phase.expect) { throw failure }
            return .value(try received.json)
        } catch let error as ProviderError {
            throw error.redacted(by: secrets.redacted)
        }
    }
}

extension HTTPKind {
    /// Sends the request, and adds the call to those of the run.
    private static func recorded(_ request: WebRequest, _ run: StepRun, _ secrets: Secrets) async throws(ProviderError) -> WebResponse {
        let sentAt = Date()
        let result: Result<WebResponse, ProviderError>
        do throws(ProviderError) {
            result = .success(try await run.services.web.send(request))
        } catch {
            result = .failure(error)
        }
        var call = MadeCall(kind: .http, status: .completed, sentAt: sentAt)
        call.provider = URLComponents(string: request.url)?.host.map(secrets.redacted)
        call.traceID = run.context.traceID
        var message: [UInt8] = []
        switch result {
        case .success(let response):
            message = response.message
            call.bodies = run.calls.bodies(
                request: request.message, response: message, responseBytes: response.body.count, redacting: secrets.redacted)
        case .failure(let error):
            // Nothing was sent.
            if [.forbiddenAddress, .invalidRequest].contains(error.code) { throw error }
            call.end(error.redacted(by: secrets.redacted))
            call.bodies = run.calls.bodies(request: request.message, response: message, responseBytes: 0, redacting: secrets.redacted)
        }
        run.calls.add(call)
        return try result.get()
    }
}

extension WebRequest {
    /// As `call_bodies` shows it: the method and the address, the headers, an empty line, and the body.
    fileprivate var message: [UInt8] {
        Array("\(method.rawValue) \(url)\n\(headers.map { "\($0.name): \($0.value)\n" }.joined())\n".utf8) + (body ?? [])
    }
}

extension WebResponse {
    /// The same of a response, without cookies: they are credentials.
    fileprivate var message: [UInt8] {
        let shown = headers.filter { $0.name.lowercased() != "set-cookie" }
        return Array("\(status)\n\(shown.map { "\($0.name): \($0.value)\n" }.joined())\n".utf8) + body
    }
}

/// The request of an `http` phase, with its templates filled in.
struct HTTPPhaseRequest {
    let request: WebRequest

    init(_ phase: HTTPPhase, _ run: StepRun, _ secrets: Secrets) throws {
        var scope = run.promptScope
        scope.named["secret"] = secrets.json
        scope.named["step"] = ["id": .string(run.step.id.text), "attempt": .integer(Int64(run.step.attempt))]
        var headers: [WebHeader] = []
        for header in phase.headers {
            let value =
                switch header.value {
                case .template(let text): scope.render(text, atMost: 65_536)
                case .secret(let name): secrets[name]
                }
            // RFC 9110, section 5.5; line breaks would begin another header.
            guard value.unicodeScalars.allSatisfy({ $0 == "\t" || (0x20...0x7E).contains($0.value) }) else {
                throw ProviderError(code: .invalidRequest, message: "The header \(header.name) has characters that no header can have.")
            }
            headers.append(WebHeader(header.name, value.trimmingCharacters(in: .whitespaces)))
        }
        func setDefault(_ name: String, _ value: String) {
            if !headers.contains(where: { $0.name.lowercased() == name }) { headers.append(WebHeader(name, value)) }
        }
        var body: [UInt8]?
        switch phase.body {
        case .text(let template):
            body = Array(scope.render(template).utf8)
            setDefault("content-type", "text/plain; charset=utf-8")
        case .json(let json):
            var left = TemplateBudget.maxBytes
            let rendered = Self.render(json, scope, &left)
            guard left > 0 else { throw ProviderError(code: .invalidRequest, message: "The body is too large with the values of its templates.") }
            body = rendered.utf8
            setDefault("content-type", "application/json")
        case nil:
            if !phase.method.isSafe, phase.method != .delete { body = [] }
        }
        setDefault("user-agent", "pressroom")
        setDefault("accept", "*/*")
        if !phase.method.isSafe { setDefault("idempotency-key", run.step.id.text) }
        request = WebRequest(
            of: run.step.tenantID, method: phase.method, url: scope.render(phase.url, as: .url, atMost: 65_536).trimmingCharacters(in: .whitespacesAndNewlines),
            headers: headers, body: body, timeout: run.definition.timeout, maxBytes: phase.maxBytes)
    }

    /// - Parameter left: how many bytes of all texts together are left.
    private static func render(_ json: JSON, _ scope: PromptScope, _ left: inout Int) -> JSON {
        switch json {
        case .string(let text):
            guard left > 0 else { return json }
            let text = scope.render(text, atMost: left)
            left -= text.utf8.count
            return .string(text)
        case .array(let elements): return .array(elements.map { render($0, scope, &left) })
        case .object(let members): return .object(members.mapValues { render($0, scope, &left) })
        default: return json
        }
    }
}

/// The response to an `http` phase, without the secrets that the server may have sent back.
struct HTTPPhaseResponse {
    private let response: WebResponse
    private let secrets: Secrets

    init(_ response: WebResponse, _ secrets: Secrets) {
        self.response = response
        self.secrets = secrets
    }

    /// Why the status is no success; nil when it is one.
    func failure(expecting expected: [Int]?) -> ProviderError? {
        let status = response.status
        if let expected { if expected.contains(status) { return nil } } else if (200...299).contains(status) { return nil }
        var error = ProviderError(code: Self.code(of: status), message: "The server answered \(status).")
        if (300...399).contains(status), let target = response.header("location") {
            error.message = "The server answered \(status) and redirects to \(secrets.redacted(target).prefix(200)); redirects are not followed."
            error.unquoted = "The server answered \(status) and redirects; redirects are not followed"
        } else if let excerpt {
            error.message += " \(excerpt)"
            error.unquoted = "The server answered \(status)"
        }
        if error.isRetryable { error.retryAfter = response.retryAfter }
        return error
    }

    private static func code(of status: Int) -> ProviderError.Code {
        switch status {
        case 429: .rateLimited
        case 408: .timeout
        case 500...599: .unavailable
        default: .httpStatus
        }
    }

    /// The phase's output.
    var json: JSON {
        get throws { ["status": .integer(Int64(response.status)), "headers": headers, "body": try body] }
    }

    /// By their names in lower case, several of a name in one with commas; cookies are credentials, and left out.
    private var headers: JSON {
        var members = JSONObject()
        for header in response.headers where header.name.lowercased() != "set-cookie" {
            let name = header.name.lowercased()
            let value = header.value.replacingNULs()
            members[name] = .string(members[name]?.string.map { "\($0), \(value)" } ?? value)
        }
        return secrets.redacted(.object(members))
    }

    /// JSON as JSON, other text as a string, and bytes that are no text in base64. A body that says it is JSON and is none
    /// is text too: the status was the expected one, and to send the request again could do its work twice. JSON beyond the
    /// limits is neither.
    private var body: JSON {
        get throws {
            guard !response.body.isEmpty else { return .null }
            guard let text = String(validating: response.body, as: UTF8.self) else {
                return ["base64": .string(Data(response.body).base64EncodedString())]
            }
            if isJSON {
                do throws(JSONParseError) {
                    return secrets.redacted(try JSON(repairing: response.body).withoutNULs)
                } catch where error.isLimit {
                    throw StepFailure(
                        code: "invalid_response", message: "The JSON of the response cannot be taken: \(error).", isRetryable: false)
                } catch {}
            }
            return .string(secrets.redacted(text.replacingNULs()))
        }
    }

    private var isJSON: Bool {
        let type = response.header("content-type")?.prefix { $0 != ";" }.lowercased().trimmingCharacters(in: .whitespaces) ?? ""
        return type == "application/json" || (type.hasPrefix("application/") && type.hasSuffix("+json"))
    }

    /// The beginning of a text body, on one line.
    private var excerpt: String? {
        guard let text = String(validating: response.body, as: UTF8.self) else { return nil }
        // Redacted before it is cut, or half a secret could remain at the end.
        let line = secrets.redacted(text).split(whereSeparator: { $0.isWhitespace || $0 == "\0" }).joined(separator: " ")
        return line.isEmpty ? nil : String(line.prefix(300))
    }
}

/// The secrets that one request refers to. They go into the request and nowhere else.
struct Secrets {
    private let values: [String: String]

    /// - Throws: `unknown_secret`, which is final: it names the first that this node does not have for the tenant.
    init(named names: Set<String>, from lookup: SecretLookup) throws(StepFailure) {
        var values: [String: String] = [:]
        for name in names.sorted() {
            guard let value = lookup(name), !value.isEmpty else {
                throw StepFailure(
                    code: "unknown_secret", message: "This node has no secret \(name) for this tenant: PRESSROOM_SECRET_\(name) is not set, or not granted.",
                    isRetryable: false)
            }
            values[name] = value
        }
        self.values = values
    }

    /// What templates see as `secret`.
    var json: JSON { .object(JSONObject(values.mapValues(JSON.string))) }

    subscript(name: String) -> String { values[name] ?? "" }

    /// The text without any secret, as it is and as URLs, forms and JSON write it.
    func redacted(_ text: String) -> String {
        forms.reduce(text) { $0.replacing($1, with: "(hidden)") }
    }

    func redacted(_ json: JSON) -> JSON {
        switch json {
        case .string(let text): .string(redacted(text))
        case .array(let elements): .array(elements.map(redacted))
        case .object(let members):
            .object(JSONObject(members.map { (redacted($0.key), redacted($0.value)) }))
        default: json
        }
    }

    /// Every way in which a secret may be written, the longest first: one may be part of another.
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
