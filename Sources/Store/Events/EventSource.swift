package import Foundation
import Postgres

/// Where the events of a page are looked for.
package enum EventSource: Sendable, Hashable {
    /// In the tenant's log.
    case log
    /// In these tasks' parts of it.
    case tasks(Set<UUID>)
    /// In the parts of a conversation's tasks. When it has many, all of the log is the page, and others' events are in it.
    case conversation(String)

    /// Up to so many tasks are looked up one by one.
    static let mostTasks = 100
}

extension EventSource {
    /// The page's events, in order, as a part of a query in which `h` is the tenant's head and `start` where the page begins.
    /// Those of some tasks are found task by task, each by the index that has them in order: a planner that takes a few
    /// tasks for most of the log would read all of it.
    func ahead(_ tenantID: String, _ limit: EventPageLimit) -> PostgresQuery {
        switch self {
        case .log: Self.ofLog(limit, where: "true")
        case .tasks(let taskIDs): Self.ofTasks("SELECT unnest(\(Array(taskIDs))::uuid[]) AS task_id", limit, where: "true")
        case .conversation(let id): Self.ofConversation(id, tenantID, limit)
        }
    }

    private static func ofLog(_ limit: EventPageLimit, where condition: PostgresQuery) -> PostgresQuery {
        """
        SELECT events.position, events.type, events.task_id, events.payload, events.created_at
          FROM pressroom.events
         WHERE events.tenant_id = h.tenant_id AND events.position > start.position AND \(part: condition)
         ORDER BY events.position LIMIT \(limit.count)
        """
    }

    private static func ofTasks(
        _ tasks: PostgresQuery, _ limit: EventPageLimit, where condition: PostgresQuery
    ) -> PostgresQuery {
        """
        SELECT own.* FROM (\(part: tasks)) AS wanted
         CROSS JOIN LATERAL (
               SELECT events.position, events.type, events.task_id, events.payload, events.created_at
                 FROM pressroom.events
                WHERE events.tenant_id = h.tenant_id AND events.task_id = wanted.task_id
                  AND events.position > start.position
                ORDER BY events.position LIMIT \(limit.count)) AS own
         WHERE \(part: condition)
         ORDER BY own.position LIMIT \(limit.count)
        """
    }

    /// One of the two is run: the condition is known before.
    private static func ofConversation(_ id: String, _ tenantID: String, _ limit: EventPageLimit) -> PostgresQuery {
        let tasks: PostgresQuery = """
            SELECT t.task_id FROM pressroom.tasks t
             WHERE t.tenant_id = \(tenantID) AND t.context ->> 'conversation_id' = \(id) LIMIT \(mostTasks + 1)
            """
        let isSmall: PostgresQuery = "(SELECT count(*) <= \(mostTasks) FROM (\(part: tasks)) AS own)"
        return """
            (\(part: ofTasks(tasks, limit, where: isSmall)))
            UNION ALL
            (\(part: ofLog(limit, where: "NOT \(part: isSmall)")))
            """
    }
}
