import HTTPTypes

/// Header fields beyond those of HTTPTypes.
extension HTTPField.Name {
    static let accelBuffering = make("x-accel-buffering")
    /// HTTPTypes has the host of a request as its authority; over HTTP/2 a request may have this field besides.
    static let hostField = make("host")
    static let idempotencyKey = make("idempotency-key")
    static let idempotencyReplayed = make("idempotency-replayed")
    static let lastEventID = make("last-event-id")
    static let secFetchSite = make("sec-fetch-site")
    static let referrerPolicy = make("referrer-policy")
    static let traceParent = make("traceparent")

    private static func make(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return name
    }
}
