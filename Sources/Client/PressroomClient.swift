import Base
public import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Workflow

/// A client of one Pressroom service: REST calls here, streams by `follow` and `events`.
///
/// Every call throws `PressroomError`, and `CancellationError` when its Swift task is cancelled.
public struct PressroomClient: Sendable {
    /// Where the service is, without `/api/v1`; `http://127.0.0.1:8080`.
    public let baseURL: String
    let token: String?
    let httpClient: HTTPClient

    /// - Parameters:
    ///   - baseURL: begins with `http://` or `https://`; a slash at its end is ignored.
    ///   - token: an API key or JWT, sent as `Authorization: Bearer …`.
    ///   - httpClient: remains the caller's to shut down. Its `timeout.read` bounds the silence of a stream, so it must
    ///     exceed the service's heartbeat of 15 seconds. `defaultHTTPConfiguration` fits.
    public init(baseURL: String, token: String? = nil, httpClient: HTTPClient) {
        self.baseURL = String(baseURL.reversed().drop { $0 == "/" }.reversed())
        self.token = token
        self.httpClient = httpClient
    }

    /// 5 seconds to connect, in one attempt, and 45 seconds of silence.
    public static var defaultHTTPConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        configuration.timeout.read = .seconds(45)
        configuration.httpVersion = .http1Only
        // A refused connection is reported at once; a `ReconnectPolicy` decides about another attempt.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// Lends a client, and shuts its connections down after `body`.
    public static func withClient<Value: Sendable>(
        baseURL: String, token: String? = nil, _ body: (PressroomClient) async throws -> Value
    ) async throws -> Value {
        let httpClient = HTTPClient(configuration: defaultHTTPConfiguration)
        let client = PressroomClient(baseURL: baseURL, token: token, httpClient: httpClient)
        do {
            let value = try await body(client)
            try await httpClient.shutdown()
            return value
        } catch {
            try? await httpClient.shutdown()
            throw error
        }
    }

    var authorization: [(name: String, value: String)] {
        token.map { [(name: "authorization", value: "Bearer \($0)")] } ?? []
    }
}

extension PressroomClient {
    /// Whether the server at the address is a Pressroom service, healthy or not.
    ///
    /// - Throws: `unreachable` when no server responds.
    public func isPressroom() async throws -> Bool {
        do {
            _ = try await call(.get, Path("workflows").with("limit", "1")).page { $0 }
            return true
        } catch let error as PressroomError where error.code != .unreachable {
            // A service that refuses the call (401, 503) identifies itself by its problem details.
            return error.code == .refused && error.type?.hasPrefix("urn:pressroom:") == true
        }
    }
}

extension PressroomClient {
    enum Method: String, Sendable { case get = "GET", post = "POST", patch = "PATCH", delete = "DELETE" }

    /// A response whose status is in the 200s.
    struct Response: Sendable {
        let status: Int
        let body: [UInt8]

        func json() throws(PressroomError) -> JSON {
            do {
                return try JSON(parsing: body, limits: .stored)
            } catch {
                throw PressroomError(code: .invalidResponse, status: status, title: "the response is not JSON", detail: "\(error)")
            }
        }
    }

    /// The body of a request, and its media type.
    struct Content: Sendable {
        var bytes: [UInt8]
        var type: String

        static func json(_ value: JSON) -> Content { Content(bytes: value.utf8, type: "application/json") }
    }

    private static let callTimeout = TimeAmount.seconds(60)
    private static let maxBodyBytes = 256 << 20

    /// Makes one call.
    ///
    /// - Throws: `unreachable`, `refused` for a status outside the 200s, `invalid_argument` for a header that cannot be sent.
    func call(
        _ method: Method, _ path: Path, content: Content? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> Response {
        var request = HTTPClientRequest(url: baseURL + path.text)
        request.method = HTTPMethod(rawValue: method.rawValue)
        for (name, value) in authorization + headers {
            guard value.fitsInHeader else {
                throw PressroomError(code: .invalidArgument, title: "the header \(name) has a control character")
            }
            request.headers.add(name: name, value: value)
        }
        request.headers.replaceOrAdd(name: "accept", value: "application/json, application/problem+json;q=0.9, */*;q=0.1")
        if let content {
            request.headers.replaceOrAdd(name: "content-type", value: content.type)
            request.body = .bytes(ByteBuffer(bytes: content.bytes))
        }
        do {
            let response = try await httpClient.execute(request, deadline: .now() + Self.callTimeout)
            let body = try await response.body.collect(upTo: Self.maxBodyBytes)
            return try accepted(response, body: Array(body.readableBytesView))
        } catch let error as PressroomError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw PressroomError(
                code: .unreachable, title: "\(baseURL) cannot be reached", detail: ConnectionReason.text(error))
        }
    }

    private func accepted(_ response: HTTPClientResponse, body: [UInt8]) throws(PressroomError) -> Response {
        let status = Int(response.status.code)
        guard (200..<300).contains(status) else {
            let error = PressroomError(status: status, body: body, retryAfter: response.headers.first(name: "retry-after"))
            // Without problem details the server is another one; a proxy before the service may return these statuses.
            guard error.type == nil, ![401, 403, 407, 429, 502, 503, 504].contains(status) else { throw error }
            throw PressroomError(
                code: .refused, status: status, title: "the server at \(baseURL) is no Pressroom service: it answered \(status)")
        }
        return Response(status: status, body: body)
    }
}

extension PressroomClient.Response {
    /// The body as one object.
    func document() throws(PressroomError) -> Document {
        let json = try json()
        guard json.object != nil else {
            throw PressroomError(code: .invalidResponse, status: status, title: "the response is not a JSON object")
        }
        return Document(json)
    }

    /// The body as a list: `{"items", "next"}`.
    func page<Item: Sendable>(of make: (Document) -> Item) throws(PressroomError) -> Page<Item> {
        let document = try document()
        guard let items = document.json["items"]?.array else {
            throw PressroomError(code: .invalidResponse, status: status, title: "the response is not a list")
        }
        return Page(
            items: items.map { make(Document($0)) }, next: document.json["next"]?.string, document: document)
    }
}

extension PressroomClient {
    /// Reads an argument that is JSON text; `name` is for the error.
    static func parse(_ data: Data, _ name: String) throws(PressroomError) -> JSON {
        do {
            return try JSON(parsing: data)
        } catch {
            throw PressroomError(code: .invalidArgument, title: "\(name) is not JSON", detail: "\(error)")
        }
    }

    static func ifMatch(_ version: Int?) -> [(name: String, value: String)] {
        version.map { [(name: "if-match", value: "\"\($0)\"")] } ?? []
    }

    static func idempotency(_ key: String?) -> [(name: String, value: String)] {
        key.map { [(name: "idempotency-key", value: $0)] } ?? []
    }
}

/// The path and query of a request below `/api/v1`, percent-encoded (RFC 3986).
struct Path {
    private(set) var text: String
    private var hasQuery = false

    /// Each part is encoded by itself, so that a slash in it does not separate.
    init(_ parts: String...) {
        text = "/api/v1" + parts.map { "/" + Self.encoded($0) }.joined()
    }

    /// Adds a query parameter, unless the value is nil.
    func with(_ name: String, _ value: String?) -> Path {
        guard let value else { return self }
        var path = self
        path.text += (hasQuery ? "&" : "?") + Self.encoded(name) + "=" + Self.encoded(value)
        path.hasQuery = true
        return path
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (byte < 16 ? "0" : "") + hex
            }
        }
        return result
    }
}
