import Base
import Testing

/// A request as bytes, and how the answer has to begin.
struct Attack: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let status: Int?

    init(_ name: String, _ text: String, _ status: Int?) {
        self.init(name, Array(text.utf8), status)
    }

    init(_ name: String, _ bytes: [UInt8], _ status: Int?) {
        self.name = name
        self.bytes = bytes
        self.status = status
    }

    /// A request with this body.
    static func post(_ name: String, to path: String = "/api/v1/tasks", type: String = "application/json", _ body: [UInt8], _ status: Int)
        -> Attack
    {
        let head = "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n"
        return Attack(name, Array(head.utf8) + body, status)
    }

    /// Whether the sender ends its half: not where an answer must come before the end.
    var endsSending: Bool { status != 413 }

    var testDescription: String { name }
}

extension Attack {
    /// What HTTP, JSON and YAML are attacked with.
    static let all: [Attack] = [
        Attack("random bytes", [0x00, 0xFF, 0xFE, 0x0D, 0x0A, 0x0D, 0x0A, 0x80], nil),
        Attack("a TLS hello", [0x16, 0x03, 0x01, 0x00, 0xA5, 0x01, 0x00, 0x00, 0xA1, 0x03, 0x03, 0x0D, 0x0A, 0x0D, 0x0A], nil),
        Attack("another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 400),
        Attack("a HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nil),
        Attack("a header without a name", "GET / HTTP/1.1\r\nHost: localhost\r\n: nothing\r\n\r\n", 400),
        Attack("a NUL in a header", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 400),
        Attack("a huge header", "GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "a", count: 100_000))\r\n\r\n", 431),
        Attack("a huge target", "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n", nil),
        Attack(
            "two lengths", "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\n{}", 400),
        Attack(
            "a length and chunks",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /", 400),
        Attack("a negative length", "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        Attack(
            "a chunk that is none",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        Attack(
            "a body that announces too much",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{", 413),
        .post("a body that is too large", Array(repeating: 0x20, count: 100_000), 413),
        Attack(
            "chunks that become too much",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "186a0\r\n" + String(repeating: " ", count: 100_000) + "\r\n0\r\n\r\n", 413),
        .post("invalid UTF-8", Array("{\"workflow\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8), 400),
        .post("a lone surrogate", Array(#"{"workflow":"\ud800"}"#.utf8), 400),
        .post("a NUL in a text", Array(#"{"workflow":"held\u0000","input":{}}"#.utf8), 422),
        .post("deep nesting", Array(repeating: 0x5B, count: 60_000), 400),
        .post("half a document", Array(#"{"workflow":"#.utf8), 400),
        .post("invalid UTF-8 in YAML", to: "/api/v1/workflows", type: "application/yaml", Array("name: ".utf8) + [0xFF, 0xFE], 400),
        .post("a YAML bomb", to: "/api/v1/workflows", type: "application/yaml", Array(yamlBomb.utf8), 422),
        .post("a type that nobody reads", type: "image/png", [0x89, 0x50], 415),
        Attack("an id that is none", "GET /api/v1/tasks/1%20OR%201=1/state HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        Attack("a cursor that is none", "GET /api/v1/stream?cursor=%00 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n", 400),
        Attack("a path out of the folder", "GET /../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", nil),
        Attack("the same, encoded", "GET /%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", nil),
        Attack("percent signs at the end", "GET /api/v1/tasks/%f HTTP/1.1\r\nHost: localhost\r\n\r\n", nil),
    ]

    private static let yamlBomb =
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + (1...9).map { number in
            let (this, last) = (Character(UnicodeScalar(UInt8(97 + number))), Character(UnicodeScalar(UInt8(96 + number))))
            return "\(this): &\(this) [\(Array(repeating: "*\(last)", count: 9).joined(separator: ", "))]\n"
        }.joined()
}
