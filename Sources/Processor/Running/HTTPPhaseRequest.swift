import Foundation
import Store
import Workflow

/// The request of an `http` phase, with its templates filled in.
struct HTTPPhaseRequest {
    let request: WebRequest

    init(_ phase: HTTPPhase, _ call: StepCall, _ secrets: Secrets) throws {
        var scope = call.promptScope
        scope.members["secret"] = secrets.json
        scope.members["step"] = ["id": .string(call.step.id.text), "attempt": .integer(Int64(call.step.attempt))]
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
            body = Array(Self.render(json, scope).text.utf8)
            setDefault("content-type", "application/json")
        case nil:
            if !phase.method.isSafe, phase.method != .delete { body = [] }
        }
        setDefault("user-agent", "pressroom")
        setDefault("accept", "*/*")
        if !phase.method.isSafe { setDefault("idempotency-key", call.step.id.text) }
        request = WebRequest(
            method: phase.method, url: scope.render(phase.url, as: .url, atMost: 65_536).trimmingCharacters(in: .whitespacesAndNewlines),
            headers: headers, body: body, timeout: call.definition.timeout, maxBytes: phase.maxBytes)
    }

    private static func render(_ json: JSON, _ scope: PromptScope) -> JSON {
        switch json {
        case .string(let text): .string(scope.render(text))
        case .array(let elements): .array(elements.map { render($0, scope) })
        case .object(let members): .object(members.mapValues { render($0, scope) })
        default: json
        }
    }
}
