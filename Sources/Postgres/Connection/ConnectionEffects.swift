/// What remains to be done once the lock of a connection is released.
struct ConnectionEffects {
    var finished: [(Operation, Operation.Outcome)] = []
    var cancelRequest: CancelRequest?
    var notifications: [PostgresNotification] = []
    var hasClosed = false
}
