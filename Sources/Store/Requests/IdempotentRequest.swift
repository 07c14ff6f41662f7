/// What makes two requests with one `Idempotency-Key` the same request.
package struct IdempotentRequest: Sendable, Hashable {
    package let key: String
    /// Method and path.
    package let target: String
    /// In a form that does not depend on spaces and the order of keys; only its hash is kept.
    package let body: String

    package init(key: String, target: String, body: String) {
        self.key = key
        self.target = target
        self.body = body
    }
}
