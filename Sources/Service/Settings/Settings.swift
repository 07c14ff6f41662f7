import Base
package import API
import Foundation
package import Logging
package import Providers
package import Workflow

/// Everything that can be set on a service.
///
/// Each setting is declared once, in the initializer of its group: key, default, range, meaning. From that the values are
/// read, unknown keys are refused, and `pressroom settings` writes the table of `docs/configuration.md`. To add a setting,
/// add a property with its entry here, and hand the value to the part that uses it in `PartConfigurations.swift`.
package struct PressroomConfiguration: Sendable, Equatable {
    package var http: HTTP
    package var database: Database
    package var streams: Streams
    package var processor: Processor
    package var schedules: Schedules
    package var requests: Requests
    package var retention: Retention
    package var calls: Calls
    package var metrics: Metrics
    package var otel: OTel
    package var publicDirectory: String?
    package var logLevel: Logger.Level
    package var allowAnonymous: Bool
    package var auth: Auth
    /// By the name before the slash in `provider/model`; only the file can set them.
    package var providers: [String: ProviderConfiguration] = [:]
    /// The tenants that may use a secret, by its name; one that is not named is every tenant's. Only the file can set them.
    package var secrets: [String: Grant] = [:]

    /// The defaults.
    package init() {
        var reader = SettingReader()
        self.init(&reader)
    }

    /// All settings, in the order of the documentation.
    package static let settings: [Setting] = {
        var reader = SettingReader()
        _ = PressroomConfiguration(&reader)
        return reader.settings
    }()

    init(_ settings: inout SettingReader) {
        http = HTTP(&settings)
        database = Database(&settings)
        streams = Streams(&settings)
        processor = Processor(&settings)
        schedules = Schedules(&settings)
        requests = Requests(&settings)
        retention = Retention(&settings)
        calls = Calls(&settings)
        metrics = Metrics(&settings)
        otel = OTel(&settings)
        publicDirectory = settings.optionalText("public_directory", otherwise: "found", "the page's files")
        let levels = Logger.Level.allCases.map(\.rawValue)
        logLevel = settings.value(
            "log_level", default: .info, shown: "info", rule: "one of \(levels.joined(separator: ", "))",
            "`\(levels.joined(separator: " "))`; flag `--log-level`"
        ) { Logger.Level(rawValue: $0.lowercased()) }
        allowAnonymous = settings.flag(
            "allow_anonymous", default: false,
            "listen where others can reach it, without authentication; flag `--allow-anonymous`")
        auth = Auth(&settings)
    }

    package struct HTTP: Sendable, Equatable {
        package var host: String
        package var port: Int
        package var allowedHosts: [Authority]
        package var allowedOrigins: [WebOrigin]
        package var frameAncestors: [WebOrigin]
        package var tlsCertificate: String?
        package var tlsKey: String?
        package var maxBodyBytes: Int
        package var requestTimeout: Duration
        package var idleTimeout: Duration
        package var tcpUserTimeout: Duration
        package var backlog: Int
        package var requestsPerMinute: Int
        package var failedCredentialsPerMinute: Int

        init(_ settings: inout SettingReader) {
            host = settings.text(
                "http.host", default: "127.0.0.1", "the address to listen on; flags `--http-host`, `--host`")
            port = settings.integer(
                "http.port", default: 8080, in: 0...65_535, "0 takes any free one; flags `--http-port`, `--port`")
            allowedHosts = settings.list(
                "http.allowed_hosts", rule: "hosts with or without a port, such as pressroom.internal",
                """
                names by which the service is called besides `localhost` and loopback addresses, with commas. While it \
                listens on loopback without authentication, a request for any other `Host` gets 421, because a web page can \
                give its own name the address of this machine; behind a proxy on the same machine, name what it passes on
                """
            ) { text in Authority(text).flatMap { $0.host.isEmpty ? nil : $0 } }
            allowedOrigins = settings.list(
                "http.allowed_origins", rule: "origins such as https://app.example",
                """
                origins, with commas, whose pages may use the service: exact ones, or `https://*.example.com`; a page of any \
                other origin than the service's own reads nothing, and gets 403 for a change
                """
            ) { WebOrigin($0) }
            frameAncestors = settings.list(
                "http.frame_ancestors", rule: "origins such as https://app.example",
                "origins, with commas, whose pages may show the service's page in a frame; the page then needs a ticket"
            ) { WebOrigin($0) }
            tlsCertificate = settings.optionalText(
                "http.tls_certificate",
                """
                a PEM file: the certificate, then those up to its root. With it the service speaks TLS 1.2 and 1.3, with \
                HTTP/2 or HTTP/1.1 as the client chooses; flag `--tls-certificate`
                """)
            tlsKey = settings.optionalText(
                "http.tls_key", "the certificate's key, a PEM file without a passphrase; flag `--tls-key`")
            maxBodyBytes = settings.bytes(
                "http.max_body_bytes", default: 1 << 20, in: 1 << 10...1 << 30, "longer bodies get 413")
            requestTimeout = settings.duration(
                "http.request_timeout", default: .seconds(30), in: .milliseconds(100) ... .seconds(3_600),
                """
                how long a request's body may take to arrive; over HTTP/2, a client has ten times this to take a response. \
                At a shutdown, connections with requests in progress stay open this long after the end of the streams; \
                what such a request still does is waited for, and `database.statement_timeout` bounds each of its statements
                """)
            idleTimeout = settings.duration(
                "http.idle_timeout", default: .seconds(60), in: .milliseconds(100) ... .seconds(3_600),
                "how long a connection may take to send its next request, and to finish a TLS handshake")
            tcpUserTimeout = settings.duration(
                "http.tcp_user_timeout", default: .seconds(60), in: .seconds(1) ... .seconds(3_600),
                """
                how long sent bytes may stay unacknowledged, or a peer silent, before its connection is closed as dead (Linux)
                """)
            backlog = settings.integer(
                "http.backlog", default: 4_096, in: 1...65_535,
                "connections that may wait to be accepted; the kernel's `net.core.somaxconn` bounds it too")
            requestsPerMinute = settings.integer(
                "http.requests_per_minute", default: 6_000, in: 0...10_000_000,
                "requests of one user or key on this node; more get 429; 0 for no limit. No effect without authentication")
            failedCredentialsPerMinute = settings.integer(
                "http.failed_credentials_per_minute", default: 60, in: 0...1_000_000,
                "credentials from one address that are not valid; more get 429; 0 for no limit")
        }
    }

    package struct Database: Sendable, Equatable {
        /// Nil for a private server.
        package var url: String?
        /// Nil: the migrations are the login's too.
        package var ownerURL: String?
        package var pool: Pool
        package var statementTimeout: Duration
        package var dataDirectory: String
        package var migrate: Bool
        package var migrationsDirectory: String?

        init(_ settings: inout SettingReader) {
            url = settings.value(
                "database.url", default: nil, rule: "a URL that begins with postgres:// or keyword=value text",
                """
                `postgres://…` or `keyword=value` text. Without one, a private PostgreSQL is started. Also `DATABASE_URL`; \
                flag `--database-url`
                """,
                isSecret: true, otherVariables: ["DATABASE_URL"]
            ) { Self.isConnectionString($0) ? .some($0) : nil }
            ownerURL = settings.value(
                "database.owner_url", default: nil, rule: "a URL that begins with postgres:// or keyword=value text",
                """
                as whom migrations, `tenant` and `key` work: the owner of the tables, who sees every tenant. Without one, \
                `database.url` is used, and each connection of the service changes its role
                """,
                isSecret: true
            ) { Self.isConnectionString($0) ? .some($0) : nil }
            pool = Pool(&settings)
            statementTimeout = settings.duration(
                "database.statement_timeout", default: .seconds(30), in: .zero ... .seconds(86_400), "`0s` for none")
            dataDirectory = settings.text(
                "database.data_directory", default: ".pressroom/postgres",
                "of the private PostgreSQL; flag `--data-directory`")
            migrate = settings.flag(
                "database.migrate", default: true, "apply migrations on start; `--no-migrate` only checks them")
            migrationsDirectory = settings.optionalText(
                "database.migrations_directory", otherwise: "found", "flag `--migrations-directory`")
        }

        private static func isConnectionString(_ text: String) -> Bool {
            let isURL = text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
            return isURL || !text.contains("://") && text.contains("=")
        }
    }

    package struct Streams: Sendable, Equatable {
        package var heartbeat: Duration
        package var maxUnsentBytes: Int
        package var maxAge: Duration
        package var drain: Duration
        package var maxStreams: Int
        package var maxTenantStreams: Int
        package var maxUserStreams: Int
        package var threads: Int
        package var tailPoll: Duration
        package var textPoll: Duration

        init(_ settings: inout SettingReader) {
            heartbeat = settings.duration(
                "streams.heartbeat", default: .seconds(15), in: .seconds(1) ... .seconds(300),
                "between two comments on a quiet stream")
            maxUnsentBytes = settings.bytes(
                "streams.max_unsent_bytes", default: 1 << 20, in: 4 << 10...1 << 30,
                """
                a reader with more unsent bytes than this gets no live events until it has caught up from the log, as fast as it \
                reads
                """)
            maxAge = settings.duration(
                "streams.max_age", default: .seconds(3_600), in: .seconds(1) ... .seconds(30 * 86_400),
                "about when a stream is ended; its reader connects again")
            drain = settings.duration(
                "streams.drain", default: .seconds(5), in: .zero ... .seconds(600),
                "how long a shutdown takes to end the streams")
            maxStreams = settings.integer(
                "streams.max_streams", default: 10_000, in: 1...1_000_000, "streams at a time on this node")
            maxTenantStreams = settings.integer(
                "streams.max_tenant_streams", default: 10_000, in: 1...1_000_000,
                "streams of one tenant at a time on this node")
            maxUserStreams = settings.integer(
                "streams.max_user_streams", default: 10_000, in: 1...1_000_000,
                "streams of one user at a time on this node")
            threads = settings.integer(
                "streams.threads", default: 0, in: 0...256,
                "threads that only fan out; 0 is one for each processor, at most 16")
            tailPoll = settings.duration(
                "streams.tail_poll", default: .milliseconds(250), in: .milliseconds(10) ... .seconds(60),
                "how often the log is read without a notification")
            textPoll = settings.duration(
                "streams.text_poll", default: .milliseconds(500), in: .milliseconds(50) ... .seconds(60),
                "how often texts in progress on other nodes are read")
        }
    }

    package struct Processor: Sendable, Equatable {
        package var concurrency: Int
        package var tenantReserve: Int
        package var maxTenantSteps: Int
        package var commitBatch: Int
        package var heartbeat: Duration
        package var leaseTimeout: Duration
        package var poll: Duration
        package var expressionTimeout: Duration
        package var maxExpressionBytes: Int
        package var maxExpressionRounds: Int
        package var maxSubtaskDepth: Int
        package var drain: Duration

        init(_ settings: inout SettingReader) {
            concurrency = settings.integer(
                "processor.concurrency", default: 256, in: 0...10_000, "steps at a time on this node; 0 runs none here")
            tenantReserve = settings.integer(
                "processor.tenant_reserve", default: 8, in: 0...10_000,
                """
                how many of these slots are kept for tenants that run nothing on this node, one each; at most half of all. \
                No effect while there is one tenant
                """)
            maxTenantSteps = settings.integer(
                "processor.max_tenant_steps", default: 0, in: 0...1_000_000,
                "steps of one tenant at a time, over all nodes; 0 for no limit")
            commitBatch = settings.integer(
                "processor.commit_batch", default: 256, in: 1...10_000, "results in one transaction, at most")
            heartbeat = settings.duration(
                "processor.heartbeat", default: .milliseconds(500), in: .milliseconds(50) ... .seconds(60),
                "how often the node renews its lease and learns which of its running steps were paused or cancelled")
            leaseTimeout = settings.duration(
                "processor.lease_timeout", default: .seconds(10), in: .milliseconds(500) ... .seconds(600),
                """
                how old a heartbeat may be before other nodes take the steps; at least twice the heartbeat. PostgreSQL ends \
                a transaction in which the node has done nothing for half that time
                """)
            poll = settings.duration(
                "processor.poll", default: .milliseconds(500), in: .milliseconds(10) ... .seconds(60),
                "how often the queue is read without a notification")
            expressionTimeout = settings.duration(
                "processor.expression_timeout", default: .seconds(2), in: .milliseconds(10) ... .seconds(60),
                "how long one expression of a workflow may take; its phase then fails with `bad_expression`")
            maxExpressionBytes = settings.bytes(
                "processor.max_expression_bytes", default: 1 << 20, in: 1 << 10...64 << 20,
                "the most that one expression may find")
            maxExpressionRounds = settings.integer(
                "processor.max_expression_rounds", default: 64, in: 1...1_000,
                """
                how many expressions that depend on each other are evaluated in one transaction; a longer chain continues \
                in the next one
                """)
            maxSubtaskDepth = settings.integer(
                "processor.max_subtask_depth", default: 8, in: 0...100,
                "how many tasks may be above a sub-task; a `workflow` phase below fails with `subtask_too_deep`")
            drain = settings.duration(
                "processor.drain", default: .zero, in: .zero ... .seconds(600),
                "how long a shutdown lets running steps continue before it hands them back")
        }
    }

    package struct Schedules: Sendable, Equatable {
        package var poll: Duration
        package var grace: Duration

        init(_ settings: inout SettingReader) {
            poll = settings.duration(
                "schedules.poll", default: .seconds(1), in: .milliseconds(50) ... .seconds(60),
                "the longest time between two reads of the schedules; a planned time is not waited past")
            grace = settings.duration(
                "schedules.grace", default: .seconds(60), in: .zero ... .seconds(86_400),
                "by how much a schedule's task may be late without being a [misfire](schedules.md#missed-times)")
        }
    }

    package struct Requests: Sendable, Equatable {
        package var allow: [AddressRules.Exception]

        init(_ settings: inout SettingReader) {
            allow = settings.list(
                "requests.allow",
                rule: """
                    addresses, blocks and hosts, each with or without a port, such as 10.1.0.0/16, 127.0.0.1:9000, \
                    [::1]:9000
                    """,
                """
                where `http` phases may connect to besides public addresses: addresses, blocks and hosts with commas, each \
                with or without a port, such as `10.1.0.0/16, 127.0.0.1:9000, [::1]:9000, intranet:8080`. In the file also a mapping, \
                which [grants them to tenants](#grants)
                """
            ) { AddressRules.Exception($0) }
        }
    }

    /// How long rows are kept that are not removed with their task.
    package struct Retention: Sendable, Equatable {
        package var events: Duration
        package var calls: Duration

        init(_ settings: inout SettingReader) {
            events = settings.duration(
                "retention.events", default: .seconds(30 * 86_400), in: .seconds(60) ... .seconds(3_650 * 86_400),
                "how long the log keeps events")
            calls = settings.duration(
                "retention.calls", default: .seconds(30 * 86_400), in: .seconds(60) ... .seconds(3_650 * 86_400),
                "how long requests and responses are kept; the rows of calls stay with their task")
        }
    }

    package struct Calls: Sendable, Equatable {
        package var capture: CallCapture
        package var maxBodyBytes: Int
        package var maxStoryBytes: Int

        init(_ settings: inout SettingReader) {
            let words = CallCapture.allCases.map(\.rawValue)
            capture = settings.value(
                "calls.capture", default: .full, shown: "full", rule: "one of \(words.joined(separator: ", "))",
                """
                `full`, `metadata` or `none`: whether [requests and responses](calls.md) are kept, how long they were, or neither; \
                a workflow's `capture` narrows it
                """
            ) { CallCapture(rawValue: $0.lowercased()) }
            maxBodyBytes = settings.bytes(
                "calls.max_body_bytes", default: CallLog.defaultMaxBodyBytes, in: 1 << 10...16 << 20,
                "the most that is kept of a request, and of an answer; more is cut, and the row says so")
            maxStoryBytes = settings.bytes(
                "calls.max_story_bytes", default: 8 << 20, in: 1 << 10...256 << 20,
                "the most of requests and responses that [the story of a draft](calls.md#why-was-this-draft-rejected) has; the first ones come, and it says that others are left out")
        }
    }
}
