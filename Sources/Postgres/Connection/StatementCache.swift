/// The statements that a connection has prepared, by their SQL text; the least recently used make room.
struct StatementCache {
    private struct Entry {
        var name: String
        var lastUse: Int
    }

    let capacity: Int
    private var entries: [String: Entry] = [:]
    private var clock = 0
    private var nextName = 0
    /// Names that left the cache and still exist on the server.
    private(set) var evicted: [String] = []

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { entries.count }

    /// The name of a prepared statement, which counts as a use of it.
    mutating func name(for sql: String) -> String? {
        clock += 1
        let now = clock
        guard let index = entries.index(forKey: sql) else { return nil }
        entries.values[index].lastUse = now
        return entries.values[index].name
    }

    /// Makes up a name for a statement that is about to be prepared.
    mutating func insert(_ sql: String) -> String {
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            evict(oldest.key)
        }
        nextName += 1
        clock += 1
        let name = "s\(nextName)"
        entries[sql] = Entry(name: name, lastUse: clock)
        return name
    }

    /// Drops a statement that exists on the server but must not be used again.
    mutating func evict(_ sql: String) {
        if let entry = entries.removeValue(forKey: sql) { evicted.append(entry.name) }
    }

    /// Drops a statement that the server does not have, because preparing it failed.
    mutating func forget(_ sql: String, name: String) {
        if entries[sql]?.name == name { entries[sql] = nil }
    }

    /// Drops everything: the server has lost the statements (`DISCARD ALL`).
    mutating func forgetAll() {
        entries.removeAll()
        evicted.removeAll()
    }

    mutating func takeEvicted() -> [String] {
        defer { evicted.removeAll() }
        return evicted
    }

    /// Puts back a name whose DEALLOCATE was not carried out.
    mutating func restoreEvicted(_ name: String) {
        evicted.append(name)
    }
}
