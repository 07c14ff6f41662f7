package import Base

/// What is left out of the rows that a ticket shows.
package struct RowView: OptionSet, Sendable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let whole: RowView = []
    /// Without the columns `usage`: tokens and what they cost.
    package static let withoutUsage = RowView(rawValue: 1)
    /// Of the columns `error` only the `code`: messages may quote what a provider or a server said.
    package static let withoutErrorDetails = RowView(rawValue: 2)
}

extension RowView {
    /// Members of events that are no rows.
    private static let others: Set<String> = ["type", "cursor", "task_id", "at", "context", "data"]

    /// A row as the view shows it.
    package func row(_ row: JSON) -> JSON {
        guard self != .whole, var members = row.object else { return row }
        if contains(.withoutUsage) { _ = members.removeValue(forKey: "usage") }
        if contains(.withoutErrorDetails), let error = members["error"]?.object {
            members["error"] = .object(error.filter { $0.key == "code" })
        }
        return .object(members)
    }

    /// An event, a state or a page of a list: a document whose members are rows and lists of rows.
    package func document(_ document: JSON) -> JSON {
        guard self != .whole, var members = document.object else { return document }
        for (name, value) in members where !Self.others.contains(name) {
            members[name] = value.array.map { .array($0.map(row)) } ?? row(value)
        }
        return .object(members)
    }
}
