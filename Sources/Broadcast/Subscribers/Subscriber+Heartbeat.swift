import NIOCore

extension Subscriber {
    /// Its turn on the wheel: sends a sign of life, ends it when it is old, gives it up when nobody reads.
    func beat(_ heartbeat: Frame) {
        guard !isOver else { return }
        guard output.isWritable else {
            stalledHeartbeats += 1
            if stalledHeartbeats >= hub.configuration.maxStalledHeartbeats { cutOff() }
            return
        }
        stalledHeartbeats = 0
        guard NIODeadline.now() < closesAt else { return finish(.finished) }
        if isOpened { send(heartbeat.bytes(request.framing)) }
    }
}
