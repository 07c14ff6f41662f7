/// Who reads a stream.
package struct StreamReader: Sendable, Hashable {
    package let tenantID: String
    package let userID: String

    package init(tenantID: String, userID: String) {
        self.tenantID = tenantID
        self.userID = userID
    }
}

/// Whose limit of streams is reached.
package enum StreamLimit: Sendable, Hashable {
    case node, tenant, user
}

/// The streams that are open on a node.
struct StreamCounts: Sendable {
    private(set) var total = 0
    private var byTenant: [String: Int] = [:]
    private var byReader: [StreamReader: Int] = [:]

    /// Counts one more, unless its tenant or its user has as many as they may.
    mutating func add(_ reader: StreamReader, tenantLimit: Int, userLimit: Int) -> StreamLimit? {
        if byTenant[reader.tenantID, default: 0] >= tenantLimit { return .tenant }
        if byReader[reader, default: 0] >= userLimit { return .user }
        total += 1
        byTenant[reader.tenantID, default: 0] += 1
        byReader[reader, default: 0] += 1
        return nil
    }

    mutating func remove(_ reader: StreamReader) {
        total -= 1
        Self.decrement(&byTenant[reader.tenantID])
        Self.decrement(&byReader[reader])
    }

    private static func decrement(_ count: inout Int?) {
        guard let old = count else { return }
        count = old > 1 ? old - 1 : nil
    }
}
