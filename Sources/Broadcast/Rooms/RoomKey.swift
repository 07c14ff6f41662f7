/// Subscribers with the same key get the same bytes.
struct RoomKey: Hashable {
    let filter: StreamFilter
    let framing: Framing
}
