import HTTPTypes
import Hummingbird
import Synchronization

/// Which methods each path has; what a 405 needs to know.
final class RouteTable: Sendable {
    private let routes = Mutex<[(parts: [Substring], method: HTTPRequest.Method)]>([])

    func add(_ method: HTTPRequest.Method, _ path: String) {
        routes.withLock { $0.append((path.split(separator: "/"), method)) }
    }

    /// Every route, as `GET /health`.
    var all: Set<String> {
        Set(routes.withLock { $0 }.map { "\($0.method.rawValue) /\($0.parts.joined(separator: "/"))" })
    }

    /// The methods for a path, `HEAD` beside `GET`; empty when there is no such path.
    func methods(for path: String) -> [String] {
        let parts = path.split(separator: "/")
        let matching = routes.withLock { $0 }.filter { route in
            route.parts.count == parts.count
                && zip(route.parts, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
        }
        // A fixed part hides the parameter beside it, as it does in the router.
        let fixed = matching.map { zip($0.parts, parts).count { $0 == $1 } }
        let most = fixed.max() ?? 0
        let methods = zip(matching, fixed).filter { $1 == most }.map(\.0.method)
        return methods.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.rawValue] }
    }
}
