import Base
import HTTPTypes
import Hummingbird
import NIOCore
import Store
import Workflow

extension Response {
    /// JSON as Postgres built it.
    static func json(
        _ text: JSONText, status: HTTPResponse.Status = .ok, tag: String? = nil, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.cacheControl] = "no-cache"
        if let tag { headers[.eTag] = "\"\(tag)\"" }
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: text.bytes)))
    }

    static func json(_ value: JSON, status: HTTPResponse.Status = .ok) -> Response {
        json(JSONText(bytes: value.utf8), status: status)
    }

    /// A row with its entity tag; 304 when the client has that version.
    static func row(_ json: JSONText, tag: String, for request: Request) -> Response {
        Preconditions(request).isKnown(tag) ? .notModified(tag: tag) : .json(json, tag: tag)
    }

    /// The client has this version.
    static func notModified(tag: String) -> Response {
        Response(status: .notModified, headers: [.eTag: "\"\(tag)\"", .cacheControl: "no-cache"])
    }

    /// The response to a request that creates something; marked when it repeats an earlier one.
    static func recorded(_ result: (response: RecordedResponse, isRepeated: Bool), tag: String? = nil) -> Response {
        var headers: HTTPFields = [:]
        if let location = result.response.location { headers[.location] = location }
        if result.isRepeated { headers[.idempotencyReplayed] = "true" }
        return json(
            result.response.body, status: HTTPResponse.Status(code: result.response.status), tag: tag, headers: headers)
    }
}
