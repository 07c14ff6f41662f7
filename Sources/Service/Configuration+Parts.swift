import API
import Broadcast
import Processor
import Providers
import Store

// How the settings of the service become those of its parts.

extension HubConfiguration {
    init(_ streams: PressroomConfiguration.Streams) {
        self.init()
        heartbeat = streams.heartbeat
        unsentLimit = streams.maxUnsentBytes
        maxAge = streams.maxAge
        drainTime = streams.drain
        maxStreams = streams.maxStreams
        maxTenantStreams = streams.maxTenantStreams
        maxUserStreams = streams.maxUserStreams
    }
}

extension PressroomConfiguration.Streams {
    var usedThreads: Int { threads > 0 ? threads : min(16, UsableProcessors.count) }
}

extension TailerConfiguration {
    init(_ streams: PressroomConfiguration.Streams) {
        self.init()
        pollInterval = streams.tailPoll
    }
}

extension PressroomConfiguration {
    /// After how many milliseconds PostgreSQL ends a transaction in which a node does nothing. Whoever is stopped in the
    /// middle of one holds rows and a tenant's head, which nobody else can take; it must be over before its lease is.
    var idleTransactionTimeout: String {
        String(max(1, Int64(processor.leaseTimeout / .milliseconds(2))))
    }
}

extension ExpressionLimits {
    init(_ processor: PressroomConfiguration.Processor) {
        self.init()
        timeout = processor.expressionTimeout
        maxBytes = processor.maxExpressionBytes
        rounds = processor.maxExpressionRounds
    }
}

extension ProcessorConfiguration {
    init(_ processor: PressroomConfiguration.Processor, _ registry: ProviderRegistry) {
        self.init()
        concurrency = processor.concurrency
        commitBatch = processor.commitBatch
        heartbeat = processor.heartbeat
        leaseTimeout = processor.leaseTimeout
        poll = processor.poll
        drain = processor.drain
        maxSubtaskDepth = processor.maxSubtaskDepth
        tenantReserve = processor.tenantReserve
        limits = ClaimLimits(
            tenantSteps: processor.maxTenantSteps > 0 ? processor.maxTenantSteps : nil, models: registry.limits)
    }
}

extension SchedulerConfiguration {
    init(_ schedules: PressroomConfiguration.Schedules) {
        self.init()
        poll = schedules.poll
        grace = schedules.grace
    }
}

extension APIConfiguration {
    init(_ configuration: PressroomConfiguration) throws {
        self.init()
        host = configuration.http.host
        port = configuration.http.port
        certificate = try configuration.certificate()
        maxBodyBytes = configuration.http.maxBodyBytes
        requestTimeout = configuration.http.requestTimeout
        idleTimeout = configuration.http.idleTimeout
        tcpUserTimeout = configuration.http.tcpUserTimeout
        backlog = configuration.http.backlog
        publicDirectory = try ResourceLocator.current.publicDirectory(configuration)
    }
}
