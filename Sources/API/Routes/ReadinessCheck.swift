/// Whether a part of the node works, as `/health/ready` reports it.
package struct ReadinessCheck: Sendable {
    package let name: String
    package let isReady: @Sendable () async -> Bool

    package init(name: String, isReady: @escaping @Sendable () async -> Bool) {
        self.name = name
        self.isReady = isReady
    }
}
