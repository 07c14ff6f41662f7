import HTTPTypes
import Hummingbird
import NIOCore
package import Telemetry

/// `/metrics`: what the process counts, and the gauges of the node, as text for Prometheus.
struct MetricsRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/metrics", use: metrics)
    }

    private func metrics(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try admit(request)
        let samples = MetricRegistry.shared.samples() + (await api.configuration.metrics.samples())
        return Response(
            status: .ok, headers: [.contentType: PrometheusText.contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: PrometheusText.text(of: samples))))
    }

    /// With a token, only the token counts. Without one, the address guards the metrics: the service listens on loopback, and
    /// no proxy in front of it has passed the request on.
    private func admit(_ request: Request) throws(ProblemError) {
        if let token = api.configuration.metrics.token {
            guard let header = request.headers[.authorization], Self.isEqual(header, "Bearer \(token)") else {
                throw ProblemError(
                    .unauthorized, "Metrics are served to requests with 'Authorization: Bearer' and metrics.token.",
                    headers: [.wwwAuthenticate: "Bearer realm=\"pressroom metrics\""])
            }
            return
        }
        let isForwarded = HTTPField.Name.ofProxies.contains { request.headers[$0] != nil }
        guard Loopback.isLoopback(api.configuration.host), !isForwarded else {
            throw ProblemError(
                .notFound, "Metrics are served on loopback, or with metrics.token; a request that came through a proxy needs the token.")
        }
    }

    /// Compares in a time that does not tell where the texts differ.
    private static func isEqual(_ given: String, _ expected: String) -> Bool {
        let (given, expected) = (Array(given.utf8), Array(expected.utf8))
        var difference = given.count ^ expected.count
        for index in expected.indices { difference |= Int(expected[index] ^ (index < given.count ? given[index] : 0)) }
        return difference == 0
    }
}

extension HTTPField.Name {
    /// What proxies add to the requests that they pass on.
    fileprivate static let ofProxies: [HTTPField.Name] =
        ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"].compactMap { HTTPField.Name($0) }
}

/// What `/metrics` serves, and to whom.
package struct MetricsConfiguration: Sendable {
    /// Nil: only on loopback.
    package var token: String?
    /// Read at each request; bounded in time.
    package var samples: @Sendable () async -> [MetricSample] = { [] }
}

/// Counts requests, with labels of closed sets.
struct RequestMetricsMiddleware: RouterMiddleware {
    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        let method = request.method.rawValue
        // Where there is no route, the router has a word of its own in the place of the pattern, or nothing.
        let route = context.endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "none"
        Instruments.requestTime.record(since: start)
        Instruments.requests[
            Self.methods.contains(method) ? method : MetricDefinition.otherLabel, route,
            "\(response.status.code)"
        ].increment()
        return response
    }
}
