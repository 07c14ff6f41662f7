package import API
import Broadcast
import Foundation
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

extension PressroomConfiguration {
    /// The certificate that the service answers with; nil for no TLS.
    package func certificate() throws(ConfigurationError) -> ServerCertificate? {
        guard let certificate = http.tlsCertificate, let key = http.tlsKey else { return nil }
        do throws(ServerCertificate.Failure) {
            return try ServerCertificate(certificateFile: certificate, keyFile: key)
        } catch {
            let setting = error.file == .key ? "http.tls_key" : "http.tls_certificate"
            throw ConfigurationError([.init(key: setting, source: "", detail: error.detail)])
        }
    }
}

/// Processors that this process may use: fewer than the machine has when it is pinned (`taskset`, a container's cpuset).
enum UsableProcessors {
    /// Counted in the mask that the kernel shows (proc(5), `Cpus_allowed`).
    static var count: Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") })
        else { return ProcessInfo.processInfo.activeProcessorCount }
        let mask = line.dropFirst("Cpus_allowed:".count)
        return max(1, mask.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) })
    }
}
