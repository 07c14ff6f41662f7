/// What was published since a loop last looked; one hop brings all of it.
struct Mailbox: Sendable {
    private var deliveries: [Delivery] = []
    private var isLoopCalled = false
    /// Pieces of text are merged with earlier ones as far back as this.
    private static let mergeDepth = 32

    /// Adds a delivery; true when the loop must be called.
    mutating func put(_ delivery: Delivery) -> Bool {
        if case .text(let delta) = delivery, merge(delta) { return false }
        deliveries.append(delivery)
        defer { isLoopCalled = true }
        return !isLoopCalled
    }

    mutating func takeAll() -> [Delivery] {
        isLoopCalled = false
        defer { deliveries = [] }
        return deliveries
    }

    private mutating func merge(_ delta: TextDelta) -> Bool {
        for index in deliveries.indices.suffix(Self.mergeDepth).reversed() {
            guard case .text(var earlier) = deliveries[index] else { return false }
            guard earlier.outputID == delta.outputID else { continue }
            guard earlier.merge(delta) else { return false }
            deliveries[index] = .text(earlier)
            return true
        }
        return false
    }
}
