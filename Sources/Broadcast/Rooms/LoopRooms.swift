import NIOCore
import Synchronization
import Workflow

/// The rooms of every tenant on one event loop, and the loop's side of publishing.
final class LoopRooms {
    let index: Int
    let eventLoop: any EventLoop
    private var tenants: [String: TenantRooms] = [:]
    private var wheel: HeartbeatWheel
    private var isWheelTurning = false

    init(index: Int, eventLoop: any EventLoop, configuration: HubConfiguration) {
        self.index = index
        self.eventLoop = eventLoop
        wheel = HeartbeatWheel(interval: configuration.heartbeat)
    }

    func takeMail(from hub: Hub) {
        deliver(hub.state.withLock { $0.mailboxes[index].takeAll() })
    }

    /// Delivers the mail and answers the texts in progress that a subscriber follows, both as of one moment.
    func takeMailAndTexts(for subscriber: Subscriber) -> [TextDelta] {
        let (mail, texts) = subscriber.hub.state.withLock { state in
            (
                state.mailboxes[index].takeAll(),
                state.texts.wholes(tenantID: subscriber.request.tenantID, filter: subscriber.request.filter)
            )
        }
        deliver(mail)
        return texts
    }

    /// Puts a subscriber into its room; answers the position after which everything will be offered to it. Nil when
    /// the tenant's log is not followed in the subscriber's epoch.
    func join(_ subscriber: Subscriber) -> Int64? {
        let tenantID = subscriber.request.tenantID
        let (mail, published): ([Delivery], Int64?) = subscriber.hub.state.withLock { state in
            let mail = state.mailboxes[index].takeAll()
            guard let log = state.logs[tenantID], log.epoch == subscriber.epoch else { return (mail, nil) }
            state.logs[tenantID]?.subscribersByLoop[index] += 1
            return (mail, log.published)
        }
        deliver(mail)
        guard let published else { return nil }
        let rooms = tenants[tenantID] ?? TenantRooms(epoch: subscriber.epoch, through: published)
        tenants[tenantID] = rooms
        rooms.insert(subscriber)
        if subscriber.wheelSlot == nil { wheel.insert(subscriber) }
        turnWheel()
        return published
    }

    func leave(_ subscriber: Subscriber) {
        wheel.remove(subscriber)
        guard subscriber.room != nil else { return }
        let tenantID = subscriber.request.tenantID
        tenants[tenantID]?.remove(subscriber)
        if tenants[tenantID]?.isEmpty == true { tenants[tenantID] = nil }
        subscriber.hub.state.withLock { state in
            state.logs[tenantID]?.subscribersByLoop[index] -= 1
        }
    }

    func wentLive(_ subscriber: Subscriber) {
        tenants[subscriber.request.tenantID]?.wentLive(subscriber)
    }

    /// Ends every stream cleanly, evenly over a time.
    func drain(over time: Duration) {
        let subscribers = tenants.values.flatMap(\.subscribers)
        for (number, subscriber) in subscribers.enumerated() {
            let delay = time * (Double(number) / Double(subscribers.count))
            let bound = NIOLoopBound(subscriber, eventLoop: eventLoop)
            eventLoop.scheduleTask(in: TimeAmount(delay)) { bound.value.finish(.finished) }
        }
    }

    /// Drops every connection.
    func dropAll() {
        for subscriber in tenants.values.flatMap(\.subscribers) { subscriber.cutOff() }
    }

    private func deliver(_ mail: [Delivery]) {
        var touched: [String] = []
        for delivery in mail {
            switch delivery {
            case .events(let batch):
                tenants[batch.tenantID]?.gather(batch)
                if touched.last != batch.tenantID { touched.append(batch.tenantID) }
            case .text(let delta):
                tenants[delta.tenantID]?.gather(delta)
                if touched.last != delta.tenantID { touched.append(delta.tenantID) }
            case .reset(let tenantID, let reason):
                tenants[tenantID]?.flush()
                for subscriber in tenants[tenantID]?.subscribers ?? [] { subscriber.finish(.reset(reason)) }
            }
        }
        for tenantID in touched { tenants[tenantID]?.flush() }
    }

    private func turnWheel() {
        guard !isWheelTurning else { return }
        isWheelTurning = true
        let rooms = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: wheel.tick) {
            rooms.value.isWheelTurning = false
            rooms.value.beat()
        }
    }

    /// Heartbeats for one slot of the wheel; the same bytes for everybody who is level with the same log.
    private func beat() {
        var frames: [String: Frame] = [:]
        let comment = Frame.heartbeat(nil)
        for subscriber in wheel.next() {
            var frame = comment
            if subscriber.memberIndex != nil, let tenant = tenants[subscriber.request.tenantID] {
                frame =
                    frames[subscriber.request.tenantID]
                    ?? .heartbeat(Cursor(epoch: tenant.epoch, position: tenant.through))
                frames[subscriber.request.tenantID] = frame
            }
            subscriber.beat(frame)
        }
        if !wheel.isEmpty { turnWheel() }
    }
}
