/// Ties a connection's output and its subscriber together, on their event loop.
package final class SubscriberBox {
    private let request: StreamRequest
    private let hub: Hub
    private let rooms: LoopRooms
    private(set) var subscriber: Subscriber?

    init(_ request: StreamRequest, hub: Hub, rooms: LoopRooms) {
        self.request = request
        self.hub = hub
        self.rooms = rooms
    }

    /// Makes the subscriber that writes to an output.
    package func connect(_ output: any SubscriberOutput) -> Subscriber {
        let subscriber = Subscriber(request, hub: hub, rooms: rooms, output: output)
        self.subscriber = subscriber
        return subscriber
    }
}
