import Base
import NIOHTTP1
import Workflow

/// What came back.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let text: String

    /// `null` when the body is no JSON.
    var json: JSON { (try? JSON(parsing: text)) ?? .null }
    var items: [JSON] { json["items"]?.array ?? [] }
    var tag: String? { headers.first(name: "etag") }

    /// The pointers of a problem's errors; empty when it is not a whole problem document.
    var pointers: [String] {
        guard isProblem else { return [] }
        return json["errors"]?.array?.compactMap { $0["pointer"]?.string } ?? []
    }

    /// Whether this is a problem document as RFC 9457 has it, with the status that it came with.
    var isProblem: Bool {
        headers.first(name: "content-type") == "application/problem+json" && json["status"]?.int == status
            && json["type"]?.string?.isEmpty == false && json["title"]?.string?.isEmpty == false
            && json["detail"]?.string?.isEmpty == false && json["instance"]?.string?.hasPrefix("/") == true
    }
}
