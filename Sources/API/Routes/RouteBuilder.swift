import HTTPTypes
import Hummingbird

/// Adds routes to the router and to the table of methods.
struct RouteBuilder {
    typealias Handler = @Sendable (Request, PressroomRequestContext) async throws -> Response

    let router: Router<PressroomRequestContext>
    let table: RouteTable

    func on(_ method: HTTPRequest.Method, _ path: String, use handler: @escaping Handler) {
        router.on(RouterPath(path), method: method, use: handler)
        table.add(method, path)
    }

    func get(_ path: String, use handler: @escaping Handler) { on(.get, path, use: handler) }
    func post(_ path: String, use handler: @escaping Handler) { on(.post, path, use: handler) }
    func patch(_ path: String, use handler: @escaping Handler) { on(.patch, path, use: handler) }
    func delete(_ path: String, use handler: @escaping Handler) { on(.delete, path, use: handler) }
}
