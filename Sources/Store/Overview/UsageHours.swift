package import Base
import Foundation
import Postgres

/// What the sums of usage are made by.
package enum UsageGrouping: String, Sendable, CaseIterable {
    case workflow, version, agent, model

    /// The columns of `usage_hours` that tell the groups apart.
    fileprivate var columns: [String] {
        switch self {
        case .workflow: ["workflow_name"]
        case .version: ["workflow_name", "workflow_version"]
        case .agent: ["agent"]
        case .model: ["model"]
        }
    }

    /// Tasks have no agent and no model; their rows are left out where these tell the groups apart.
    fileprivate var condition: String {
        switch self {
        case .workflow, .version: "true"
        case .agent: "u.agent <> ''"
        case .model: "u.model <> ''"
        }
    }
}

extension Store {
    /// Hours that are younger than this are not read from `usage_hours`: they may not have been summed yet.
    private static let liveHours = 3
    /// Hours that are younger than this are summed again: a call is recorded when its attempt ends.
    private static let openHours = 26

    /// The most groups that are listed.
    package static let maxUsageGroups = 1_000

    /// What tasks and calls that ended between two times took, whole hours, the largest number of tokens first. Each item has
    /// the names of its group, the counts, `incomplete` where some calls have no price, and the durations' `p50` and `p95` in
    /// seconds: of tasks, or by agent and model of calls.
    ///
    /// - Parameters:
    ///   - since: RFC 3339; nil for a day ago.
    ///   - until: RFC 3339; nil for now.
    package func usage(_ scope: Scope, by grouping: UsageGrouping, since: String?, until: String?) async throws -> [JSON] {
        let tenant = scope.tenantID
        let columns = grouping.columns.joined(separator: ", ")
        let names = grouping.columns.map { "'\($0)', u.\($0)" }.joined(separator: ", ")
        let durations = grouping == .workflow || grouping == .version ? "u.agent = '' AND u.model = ''" : "true"
        // Neither columns nor coalesce(): under a policy PostgreSQL would not find the rows by an index.
        let since: PostgresQuery = since.map { "\($0)::timestamptz" } ?? "now() - interval '1 day'"
        let first: PostgresQuery = "date_trunc('hour', \(part: since), 'UTC')"
        let past: PostgresQuery = until.map { "\($0)::timestamptz" } ?? "now()"
        let live: PostgresQuery = "(date_trunc('hour', now(), 'UTC') - make_interval(hours => \(Self.liveHours)))"
        let rows = try await query(
            scope,
            """
            WITH hours AS (
                SELECT h.* FROM pressroom.usage_hours h
                 WHERE h.tenant_id = \(tenant) AND h.hour >= \(part: first) AND h.hour < least(\(part: past), \(part: live))
                UNION ALL
                SELECT l.* FROM pressroom.usage_between(\(tenant), greatest(\(part: first), \(part: live)), \(part: past)) AS l
            ), summed AS (
                SELECT \(raw: columns), sum(u.tasks) AS tasks, sum(u.completed) AS completed, sum(u.failed) AS failed, sum(u.steps) AS steps,
                       sum(u.calls) AS calls, sum(u.prompt_tokens) AS prompt_tokens, sum(u.completion_tokens) AS completion_tokens,
                       sum(u.cost) AS cost, bool_or(u.incomplete) AS incomplete,
                       pressroom.sum_histograms(u.durations) FILTER (WHERE \(raw: durations)) AS durations
                  FROM hours u WHERE \(raw: grouping.condition) GROUP BY \(raw: columns)
            )
            SELECT json_build_object(\(raw: names), 'tasks', u.tasks, 'completed', u.completed, 'failed', u.failed, 'steps', u.steps,
                                     'calls', u.calls, 'prompt_tokens', u.prompt_tokens, 'completion_tokens', u.completion_tokens,
                                     'cost', u.cost, 'incomplete', u.incomplete) AS item, u.durations
              FROM summed u ORDER BY u.prompt_tokens + u.completion_tokens DESC, \(raw: columns) LIMIT \(Self.maxUsageGroups)
            """)
        return try rows.map { row in
            var item = try row.json("item")?.object ?? [:]
            let histogram = try row.decode("durations", as: String?.self).map(DurationHistogram.init(arrayText:))
            for (name, share) in [("p50", 0.5), ("p95", 0.95)] {
                item[name] = histogram?.duration(below: share).map(JSON.number) ?? .null
            }
            return .object(item)
        }
    }

    /// Sums what has ended in the hours that are over, and are not summed for good.
    package func rollUpUsage() async throws {
        for row in try await query(.retention, "SELECT tenant_id FROM pressroom.tenants ORDER BY tenant_id") {
            let tenant: String = try row.decode(0)
            _ = try await database.query(
                in: tenant,
                """
                SELECT pressroom.roll_up_usage(\(tenant), h.first - make_interval(hours => \(Self.openHours)))
                  FROM (SELECT coalesce((SELECT max(hour) FROM pressroom.usage_hours WHERE tenant_id = \(tenant)),
                                        (SELECT min(created_at) FROM pressroom.tasks WHERE tenant_id = \(tenant))) AS first) h
                 WHERE h.first IS NOT NULL
                """)
        }
    }
}

/// How many things took how long (`usage_hours.durations`).
struct DurationHistogram {
    private let counts: [Int]

    /// - Parameter arrayText: an array as PostgreSQL writes it, `{0,1,2}`.
    init(arrayText: String) {
        counts = arrayText.dropFirst().dropLast().split(separator: ",").compactMap { Int($0) }
    }

    /// The seconds below which a share of all lie, evenly spread within a bucket; nil without any.
    func duration(below share: Double) -> Double? {
        let total = counts.reduce(0.0) { $0 + Double($1) }
        guard total > 0 else { return nil }
        var left = share * total
        for (index, count) in counts.enumerated() {
            let size = Double(count)
            if left <= size, size > 0 {
                let upper = exp2(Double(index + 1) - 4)
                let lower = index == 0 ? 0 : upper / 2
                return ((lower + (upper - lower) * left / size) * 1000).rounded() / 1000
            }
            left -= size
        }
        return nil
    }
}
