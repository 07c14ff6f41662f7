/// Divides a node's free places among the tenants that wait for one.
enum FairShare {
    /// How many places each tenant may take now: those that run the fewest steps here come first, until all run equally
    /// many. Of the places in reserve, each tenant that runs none and would get none takes one.
    ///
    /// - Parameters:
    ///   - tenants: in the order in which they are served where they are equal.
    ///   - running: how many steps of each run here.
    static func divide(
        free: Int, reserve: Int, among tenants: [String], running: [String: Int]
    ) -> [(tenantID: String, places: Int)] {
        let places = max(0, free)
        let open = max(0, places - reserve)
        let waiting = tenants.map { (tenantID: $0, running: running[$0] ?? 0) }
            .enumerated().sorted { ($0.element.running, $0.offset) < ($1.element.running, $1.offset) }.map(\.element)
        var shares = level(open, waiting.map(\.running))
        var kept = places - open
        for (index, tenant) in waiting.enumerated() where kept > 0 && tenant.running == 0 && shares[index] == 0 {
            shares[index] = 1
            kept -= 1
        }
        return zip(waiting, shares).filter { $1 > 0 }.map { ($0.tenantID, $1) }
    }

    /// How many places steps may take that do not queue up, as those that a commit adds: all that they want while no
    /// other tenant waits, else what is left of an even share of the node.
    static func direct(
        wanted: Int, of concurrency: Int, _ tenantID: String, waiting: [String], running: [String: Int]
    ) -> Int {
        guard waiting.contains(where: { $0 != tenantID }) else { return wanted }
        let sharing = Set(waiting).union(running.keys).union([tenantID])
        return max(0, min(wanted, concurrency / sharing.count - (running[tenantID] ?? 0)))
    }

    /// Raises the lowest first, as water fills a vessel; what does not go up evenly goes to the first ones.
    ///
    /// - Parameter levels: rising.
    private static func level(_ amount: Int, _ levels: [Int]) -> [Int] {
        guard let lowest = levels.first, amount > 0 else { return levels.map { _ in 0 } }
        func cost(_ height: Int) -> Int { levels.reduce(0) { $0 + max(0, height - $1) } }
        var (height, above) = (lowest, lowest + amount + 1)
        while above - height > 1 {
            let middle = (height + above) / 2
            if cost(middle) <= amount { height = middle } else { above = middle }
        }
        var left = amount - cost(height)
        return levels.map { level in
            guard level <= height else { return 0 }
            defer { left = max(0, left - 1) }
            return height - level + (left > 0 ? 1 : 0)
        }
    }
}
