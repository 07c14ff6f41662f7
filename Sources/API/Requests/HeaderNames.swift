import HTTPTypes

/// Header fields beyond those of HTTPTypes.
extension HTTPField.Name {
    static let accelBuffering = make("x-accel-buffering")
    static let idempotencyKey = make("idempotency-key")
    static let idempotencyReplayed = make("idempotency-replayed")
    static let lastEventID = make("last-event-id")
    static let referrerPolicy = make("referrer-policy")
    static let traceParent = make("traceparent")

    private static func make(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return name
    }
}
