import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Workflow

extension PressroomClient {
    package enum Method: String, Sendable { case get = "GET", post = "POST", patch = "PATCH", delete = "DELETE" }

    /// An answer of the 200s.
    package struct Answer: Sendable {
        package let status: Int
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]

        package func json() throws(PressroomError) -> JSON {
            do {
                return try JSON(parsing: body)
            } catch {
                throw PressroomError(code: .invalidResponse, status: status, title: "the answer is not JSON", detail: "\(error)")
            }
        }

        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name }?.value
        }
    }

    /// Something to send.
    package struct Content: Sendable {
        package var bytes: [UInt8]
        package var type: String

        package static func json(_ value: JSON) -> Content { Content(bytes: value.utf8, type: "application/json") }
    }

    private static let callTimeout = TimeAmount.seconds(60)
    private static let maxBodyBytes = 256 << 20

    /// Makes one call; `path` begins with a slash, its parts and the query's are already percent-encoded.
    package func call(
        _ method: Method, _ path: String, content: Content? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: baseURL + path)
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
            return try answer(response, body: Array(body.readableBytesView))
        } catch let error as PressroomError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw PressroomError(
                code: .unreachable, title: "\(baseURL) cannot be reached", detail: ConnectionReason.text(error))
        }
    }

    private func answer(_ response: HTTPClientResponse, body: [UInt8]) throws(PressroomError) -> Answer {
        let status = Int(response.status.code)
        guard (200..<300).contains(status) else {
            throw PressroomError(
                status: status, body: body, retryAfter: response.headers.first(name: "retry-after"))
        }
        return Answer(status: status, headers: response.headers.map { (name: $0.name, value: $0.value) }, body: body)
    }
}
