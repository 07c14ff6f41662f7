package import Logging
package import Providers
package import Workflow

/// Everything that can be set on a service; every value has a default.
///
/// `Configuration+Reader.swift` fills it from flags, environment and file; `docs/configuration.md` lists the keys.
package struct PressroomConfiguration: Sendable, Equatable {
    package var http = HTTP()
    package var database = Database()
    package var streams = Streams()
    package var processor = Processor()
    package var schedules = Schedules()
    package var events = Events()
    package var requests = Requests()
    /// By the name that stands before the slash in `provider/model`.
    package var providers: [String: ProviderConfiguration] = [:]
    /// Where the board's files are; nil to look for them, see `ResourceLocator`.
    package var publicDirectory: String?
    package var logLevel = Logger.Level.info
    /// Whether an address that others can reach may be served without authentication.
    package var allowAnonymous = false

    package init() {}

    package struct HTTP: Sendable, Equatable {
        package var host = "127.0.0.1"
        /// 0…65535; 0 takes any free port.
        package var port = 8080
        /// PEM files of the certificate, with those that lead to its root, and of its key; both, or neither for no TLS.
        package var tlsCertificate: String?
        package var tlsKey: String?
        /// The most bytes of a request's body, above 0.
        package var maxBodyBytes = 1 << 20
        /// Within which a request must have sent its body.
        package var requestTimeout = Duration.seconds(30)
        /// Within which a connection must send its next request's header section.
        package var idleTimeout = Duration.seconds(60)
        /// For how long sent bytes may stay unacknowledged before the connection counts as dead; Linux only.
        package var tcpUserTimeout = Duration.seconds(60)
        /// Connections that wait to be accepted, above 0; the kernel has a bound of its own.
        package var backlog = 4_096
    }

    package struct Database: Sendable, Equatable {
        /// A `postgres://` URL or libpq's `keyword=value` text; nil for a private server of our own.
        package var url: String?
        /// Connections, above 0.
        package var poolSize = 8
        /// Zero for no limit.
        package var statementTimeout = Duration.seconds(30)
        /// Where the private server keeps its data.
        package var dataDirectory = ".pressroom/postgres"
        /// Whether to apply migrations on start; otherwise they are only checked.
        package var migrate = true
        /// Where the migrations are; nil to look for them, see `ResourceLocator`.
        package var migrationsDirectory: String?
    }

    package struct Streams: Sendable, Equatable {
        /// Between two comments on a quiet stream.
        package var heartbeat = Duration.seconds(15)
        /// A reader that leaves more bytes than this unread is cut off.
        package var maxUnsentBytes = 1 << 20
        /// About when a stream is closed, for the reader to come back; jittered.
        package var maxAge = Duration.seconds(3_600)
        /// How long a shutdown takes to end the open streams.
        package var drain = Duration.seconds(5)
        /// Streams at a time on this node, above 0.
        package var maxStreams = 10_000
        /// Streams at a time of one tenant, and of one of its users, on this node; above 0.
        package var maxTenantStreams = 10_000
        package var maxUserStreams = 10_000
        /// Threads that only fan out; 0 for one a processor, at most 16.
        package var threads = 0
        /// How often the log is looked at without a hint.
        package var tailPoll = Duration.milliseconds(250)
        /// How often the texts that other nodes write are looked at.
        package var textPoll = Duration.milliseconds(500)
    }

    package struct Processor: Sendable, Equatable {
        /// Steps at a time on this node; 0 runs none here.
        package var concurrency = 64
        /// Places that are left to tenants without running steps here; at most half of all count.
        package var tenantReserve = 8
        /// Steps of one tenant at a time, over all nodes; 0 for no limit.
        package var maxTenantSteps = 0
        /// Results in one transaction, above 0.
        package var commitBatch = 256
        /// How often the lease of running steps is renewed; below `leaseTimeout`.
        package var heartbeat = Duration.milliseconds(500)
        /// How old a heartbeat may be before others take the steps.
        package var leaseTimeout = Duration.seconds(10)
        /// How often the queue is looked at without a hint.
        package var poll = Duration.milliseconds(500)
        /// How many tasks may stand above a sub-task.
        package var maxSubtaskDepth = 8
        /// How long a shutdown waits for running steps before it hands them back.
        package var drain = Duration.zero
        /// How long one expression of a workflow may take.
        package var expressionTimeout = Duration.seconds(2)
        /// The most bytes that one expression may find, above 0.
        package var maxExpressionBytes = 1 << 20
        /// How many expressions that depend on each other are evaluated in one transaction, above 0.
        package var maxExpressionRounds = 64
    }

    package struct Schedules: Sendable, Equatable {
        /// How often schedules are looked at at least.
        package var poll = Duration.seconds(1)
        /// By how much a task of a schedule may be late without being a misfire.
        package var grace = Duration.seconds(60)
    }

    /// What `http` phases send.
    package struct Requests: Sendable, Equatable {
        /// Where they may connect to beside public addresses.
        package var allow: [AddressRules.Exception] = []
    }

    package struct Events: Sendable, Equatable {
        /// How long the log keeps events for streams that come back.
        package var retention = Duration.seconds(30 * 86_400)
    }
}
