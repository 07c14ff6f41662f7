import Workflow

/// The rows of one table of a task, by id, in the order in which `/state` lists them.
struct FoldedRows: Sendable {
    /// What the rows of a table are ordered by, before their ids.
    enum Order: Sendable { case ordinal, sequence, creation }

    private struct Place: Comparable {
        var number: Int
        var createdAt: String
        var id: String

        static func < (left: Place, right: Place) -> Bool {
            (left.number, left.createdAt, left.id) < (right.number, right.createdAt, right.id)
        }
    }

    private let order: Order
    private var rows: [String: JSON] = [:]
    private var places: [Place] = []

    init(order: Order, rows: [JSON] = []) {
        self.order = order
        for row in rows { upsert(row) }
    }

    subscript(id: String) -> JSON? { rows[id] }

    var json: JSON { .array(places.compactMap { rows[$0.id] }) }

    /// Puts a row in, in the place of the one with its id; false when it has no id.
    @discardableResult
    mutating func upsert(_ row: JSON) -> Bool {
        guard let place = place(of: row) else { return false }
        if let before = rows.updateValue(row, forKey: place.id) {
            let old = self.place(of: before)
            guard old != place else { return true }
            places.removeAll { $0.id == place.id }
        }
        // Rows nearly always come in order, so the search begins at the end.
        let index = places.lastIndex { $0 < place }.map { $0 + 1 } ?? 0
        places.insert(place, at: index)
        return true
    }

    private func place(of row: JSON) -> Place? {
        guard let id = row["id"]?.string else { return nil }
        switch order {
        case .ordinal: return Place(number: row["ordinal"]?.int ?? 0, createdAt: "", id: id)
        case .sequence: return Place(number: row["sequence"]?.int ?? 0, createdAt: "", id: id)
        case .creation: return Place(number: 0, createdAt: row["created_at"]?.string ?? "", id: id)
        }
    }
}
