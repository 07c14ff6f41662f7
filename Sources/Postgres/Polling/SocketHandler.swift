/// What the poller tells the owner of a socket. Called on the poller's thread: never block, never wait.
protocol SocketHandler: AnyObject, Sendable {
    func socketIsReady()
    func deadlineHasPassed()
}

/// What to wait for on a socket.
enum SocketInterest: Sendable, Hashable {
    case read, write, readAndWrite
}
