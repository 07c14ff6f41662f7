import Base
import Postgres
package import Workflow

/// How much capacity a provider or a model has under its limits at a moment.
package struct ModelCapacity: Sendable, Hashable {
    package let limits: ModelLimits
    /// Steps that run; nil where their number has no limit.
    package let running: Int?
    /// What is left in the buckets, below zero where more was used; nil without such a limit.
    package let requests: Double?
    package let tokens: Double?
    /// What a call is expected to take; at least 1.
    package let tokensPerCall: Double

    package init(limits: ModelLimits, running: Int?, requests: Double?, tokens: Double?, tokensPerCall: Double) {
        self.limits = limits
        self.running = running
        self.requests = requests
        self.tokens = tokens
        self.tokensPerCall = tokensPerCall > 1 ? tokensPerCall : 1  // also for what is no number
    }

    /// How many steps may start now.
    package var steps: Int {
        var steps = Int.max
        if let limit = limits.concurrency, let running { steps = limit - running }
        if let requests { steps = min(steps, Self.whole(requests)) }
        // A call that takes more than the bucket holds must start some time: the excess is a debt.
        if let tokens { steps = min(steps, tokens > 0 ? max(1, Self.whole(tokens / tokensPerCall)) : 0) }
        return max(0, steps)
    }

    /// The whole part, 0…10^9: rows may hold any number, and what is none.
    private static func whole(_ number: Double) -> Int { number > 0 ? Int(min(number, 1e9)) : 0 }

    /// How long until a limit per minute lets another step start; zero when none is in the way.
    package var opensIn: Duration {
        var wait = Duration.zero
        if let limit = limits.requestsPerMinute, let requests {
            wait = RateBucket(perMinute: limit).wait(from: requests, to: 1)
        }
        if let limit = limits.tokensPerMinute, let tokens {
            wait = max(wait, RateBucket(perMinute: limit).wait(from: tokens, to: 0))
        }
        return wait
    }
}

/// What calls took that claims have not charged, to be charged now; below zero where they took less.
package struct ModelSpending: Sendable, Hashable {
    package var requests: Int
    package var tokens: Double
    /// The calls that ended, and all their tokens: what the next ones are expected to take is learnt from these.
    package var calls: Int
    package var callTokens: Double

    package init(requests: Int = 0, tokens: Double = 0, calls: Int = 0, callTokens: Double = 0) {
        self.requests = requests
        self.tokens = tokens
        self.calls = calls
        self.callTokens = callTokens
    }

    package static func + (left: ModelSpending, right: ModelSpending) -> ModelSpending {
        ModelSpending(
            requests: left.requests + right.requests, tokens: left.tokens + right.tokens, calls: left.calls + right.calls,
            callTokens: left.callTokens + right.callTokens)
    }
}

extension Store {
    /// Charges what calls took to the limits per minute.
    package func charge(_ spending: [String: ModelSpending]) async throws {
        let rows = JSON.array(
            spending.map { scope, spent in
                [
                    "scope": .string(scope), "requests": .integer(Int64(spent.requests)), "tokens": .number(spent.tokens),
                    "calls": .integer(Int64(spent.calls)), "call_tokens": .number(spent.callTokens),
                ]
            })
        // Locked in the order of claims.
        _ = try await query(
            .claims,
            """
            WITH spent AS (
                SELECT * FROM json_to_recordset(\(rows)::json) AS s (scope text, requests integer,
                       tokens double precision, calls integer, call_tokens double precision)
            ), held AS MATERIALIZED (
                SELECT r.scope FROM pressroom.model_rates r
                 WHERE r.scope IN (SELECT scope COLLATE "C" FROM spent) ORDER BY r.scope FOR UPDATE
            )
            UPDATE pressroom.model_rates r
               SET requests = r.requests - s.requests, tokens = r.tokens - s.tokens,
                   -- A moving mean, in which each call counts a tenth.
                   tokens_per_call = CASE WHEN s.calls = 0 THEN r.tokens_per_call
                       ELSE s.call_tokens / s.calls
                            + (coalesce(r.tokens_per_call, s.call_tokens / s.calls) - s.call_tokens / s.calls)
                              * power(0.9::double precision, least(s.calls, 100)) END
              FROM spent s JOIN held ON held.scope = s.scope COLLATE "C"
             WHERE r.scope = held.scope
            """)
    }

    /// How much capacity each of the limits leaves. Without the rows' locks it holds only for this moment.
    static func modelCapacities(_ limits: ScopedModelLimits) -> PostgresQuery {
        """
        SELECT l.scope, \(raw: tokensPerCall) AS tokens_per_call,
               pressroom.refilled(greatest(l.lowest_requests, coalesce(r.requests, 'Infinity')), l.request_burst,
                                  l.requests_per_second, coalesce(r.refilled_at, now())) AS requests,
               pressroom.refilled(greatest(l.lowest_tokens, coalesce(r.tokens, 'Infinity')), l.token_burst,
                                  l.tokens_per_second, coalesce(r.refilled_at, now())) AS tokens,
               CASE WHEN l.concurrency IS NOT NULL THEN (
                   SELECT count(*) FROM pressroom.steps s
                    WHERE s.status = 'running' AND s.model IS NOT NULL
                      AND s.model COLLATE "C" >= l.first AND s.model COLLATE "C" < l.past)
                   -- A step that asks a fallback counts for that one, and not for its own.
                   + (SELECT count(*) FILTER (WHERE c.model >= l.first AND c.model < l.past)
                           - count(*) FILTER (WHERE s.model COLLATE "C" >= l.first AND s.model COLLATE "C" < l.past)
                        FROM pressroom.fallback_calls c
                        JOIN pressroom.steps s ON s.tenant_id = c.tenant_id AND s.id = c.step_id
                       WHERE s.status = 'running' AND s.attempt = c.attempt) END AS running
          FROM json_to_recordset(\(rows(limits))::json) AS l (\(raw: limitColumns.definitions))
          LEFT JOIN pressroom.model_rates r ON r.scope = l.scope COLLATE "C"
        """
    }

    static func modelCapacities(_ result: PostgresResult, _ limits: ScopedModelLimits) throws -> [String: ModelCapacity] {
        var capacities: [String: ModelCapacity] = [:]
        for row in result {
            let scope = try row.decode("scope", as: String.self)
            capacities[scope] = ModelCapacity(
                limits: limits[scope] ?? ModelLimits(), running: try row.decode("running"),
                requests: limits[scope]?.requestsPerMinute == nil ? nil : try row.decode("requests"),
                tokens: limits[scope]?.tokensPerMinute == nil ? nil : try row.decode("tokens"),
                tokensPerCall: try row.decode("tokens_per_call"))
        }
        return capacities
    }

    /// Takes the locks of the limits until the transaction ends, in order.
    static func lockModelRates(_ scopes: [String]) -> [PostgresQuery] {
        [
            """
            INSERT INTO pressroom.model_rates (scope) SELECT unnest(\(scopes)::text[]) AS scope ORDER BY scope
            ON CONFLICT (scope) DO NOTHING
            """,
            """
            SELECT FROM pressroom.model_rates WHERE scope = ANY(\(scopes)::text[]) ORDER BY scope FOR UPDATE
            """,
        ]
    }

    /// Charges claimed steps: a request each, and the tokens that a call is expected to take.
    static func chargeClaimed(_ calls: [String: Int], _ limits: ScopedModelLimits) -> PostgresQuery {
        """
        UPDATE pressroom.model_rates r
           SET requests = coalesce(
                   pressroom.refilled(greatest(l.lowest_requests, r.requests), l.request_burst, l.requests_per_second,
                                      r.refilled_at) - l.calls, r.requests),
               tokens = coalesce(
                   pressroom.refilled(greatest(l.lowest_tokens, r.tokens), l.token_burst, l.tokens_per_second,
                                      r.refilled_at) - l.calls * \(raw: tokensPerCall), r.tokens),
               refilled_at = clock_timestamp()
          FROM json_to_recordset(\(rows(limits, calls))::json) AS l (\(raw: limitColumns.definitions))
         WHERE r.scope = l.scope COLLATE "C"
        """
    }

    /// What a call is expected to take: as its model's calls did lately, the first ones 1,000 tokens. At least one token,
    /// and at most what the limit lets through in a minute: the excess of a longer call is charged at its end.
    private static let tokensPerCall = "greatest(1, least(l.tokens_per_minute, coalesce(r.tokens_per_call, 1000)))"

    private static let limitColumns: Columns = """
        scope text, first text, past text, concurrency integer, calls integer, request_burst double precision,
        requests_per_second double precision, lowest_requests double precision, token_burst double precision,
        tokens_per_second double precision, lowest_tokens double precision, tokens_per_minute double precision
        """

    /// Limits as records with `limitColumns`; with calls, only those that some call was charged to.
    private static func rows(_ limits: ScopedModelLimits, _ calls: [String: Int]? = nil) -> JSON {
        .array(
            limits.filter { calls == nil || calls?[$0.key] != nil }.map { scope, limits in
                let requests = limits.requestsPerMinute.map(RateBucket.init(perMinute:))
                let tokens = limits.tokensPerMinute.map(RateBucket.init(perMinute:))
                let isOneModel = scope.contains("/")
                return [
                    "scope": .string(scope), "calls": .integer(Int64(calls?[scope] ?? 0)),
                    "concurrency": limits.concurrency.map { .integer(Int64($0)) } ?? .null,
                    // The names of the scope's models lie from `first` to before `past`; '0' comes after '/', and no
                    // name has characters up to the space.
                    "first": .string(isOneModel ? scope : scope + "/"), "past": .string(isOneModel ? scope + " " : scope + "0"),
                    "request_burst": requests.map { .number($0.burst) } ?? .null,
                    "requests_per_second": requests.map { .number($0.perSecond) } ?? .null,
                    "lowest_requests": requests.map { .number($0.lowest) } ?? .null,
                    "token_burst": tokens.map { .number($0.burst) } ?? .null,
                    "tokens_per_second": tokens.map { .number($0.perSecond) } ?? .null,
                    "lowest_tokens": tokens.map { .number($0.lowest) } ?? .null,
                    "tokens_per_minute": limits.tokensPerMinute.map { .number(Double($0)) } ?? .null,
                ]
            })
    }
}

extension Store {
    /// Counts a running step's call for another model than the one it was counted for, under the limits of calls at a time.
    ///
    /// - Parameter limits: those that bind the model; at least one.
    /// - Returns: false when there is no capacity: the step then counts for no model, until this is tried again. A step that
    ///   no longer runs gets none.
    package func moveCall(of step: ClaimedStep, to model: ModelName, _ limits: ScopedModelLimits) async throws -> Bool {
        try await database.withTransaction(opening: [TenantScope.query(step.tenantID)]) { connection in
            // In turn with the claims under these limits, so that what is counted stays true.
            _ = try await connection.pipeline(Self.lockModelRates(limits.keys.sorted()))
            let held = try await connection.query(
                """
                INSERT INTO pressroom.fallback_calls (tenant_id, step_id, attempt, model)
                SELECT tenant_id, id, attempt, NULL FROM pressroom.steps
                 WHERE tenant_id = \(step.tenantID) AND id = \(step.id) AND attempt = \(step.attempt) AND status = 'running'
                ON CONFLICT (tenant_id, step_id) DO UPDATE SET attempt = EXCLUDED.attempt, model = NULL
                RETURNING step_id
                """)
            guard !held.isEmpty else { return false }
            let capacities = try Self.modelCapacities(try await connection.query(.claims, Self.modelCapacities(limits)), limits)
            let hasCapacity = capacities.values.allSatisfy { capacity in
                guard let limit = capacity.limits.concurrency, let running = capacity.running else { return true }
                return running < limit
            }
            guard hasCapacity else { return false }
            _ = try await connection.query(
                """
                UPDATE pressroom.fallback_calls SET model = \(model.description)
                 WHERE tenant_id = \(step.tenantID) AND step_id = \(step.id) AND attempt = \(step.attempt)
                """)
            return true
        }
    }

    /// Ends what `moveCall` has counted: the step's calls are over.
    package func endMovedCalls(of step: ClaimedStep) async throws {
        _ = try await database.query(
            in: step.tenantID,
            """
            DELETE FROM pressroom.fallback_calls
             WHERE tenant_id = \(step.tenantID) AND step_id = \(step.id) AND attempt = \(step.attempt)
            """)
    }
}
