import Base
import Workflow

/// Something that can be the body of a request.
protocol APIBody: Sendable {
    var bytes: [UInt8] { get }
    var mediaType: String { get }
}

extension JSON: APIBody {
    var bytes: [UInt8] { utf8 }
    var mediaType: String { "application/json" }
}

/// Bytes that claim to be JSON.
struct RawBody: APIBody, ExpressibleByStringLiteral {
    let bytes: [UInt8]
    var mediaType: String { "application/json" }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(stringLiteral value: String) {
        bytes = Array(value.utf8)
    }
}

struct YAML: APIBody {
    let text: String
    var bytes: [UInt8] { Array(text.utf8) }
    var mediaType: String { "application/yaml" }

    /// A workflow with an input, three phases and a signal.
    static func workflow(version: String = "1.0.0", name: String = "launch", category: String = "marketing") -> YAML {
        YAML(
            text: """
                name: \(name)
                version: \(version)
                description: For tests.
                category: \(category)
                tags: [blog, tests]
                input:
                  type: object
                  required: [topic]
                  additionalProperties: false
                  properties:
                    topic: {type: string, minLength: 1, maxLength: 50}
                    audience: {type: string, default: developers}
                agents:
                  warm: {role: writer, name: Warm writer, model: rehearsal/warm}
                  copy: {role: editor, model: rehearsal/copy}
                  ada: {role: evaluator, model: rehearsal/judge}
                phases:
                  - {id: write, kind: write, agents: [warm], prompt: "Write on {{topic}} for {{audience}}."}
                  - {id: edit, kind: edit, agents: [copy]}
                  - {id: judge, kind: evaluate, stage: initial, agents: [ada]}
                """)
    }
}
