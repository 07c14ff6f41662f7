import API
import Access
import AsyncHTTPClient
import Base
import Broadcast
import Foundation
import Logging
import NIOCore
import NIOPosix
import Processor
import Providers
import ServiceLifecycle
import Store
import Telemetry
import Workflow

/// The parts of one `pressroom serve`, in the order in which they start. They stop in the opposite order: streams end
/// first, then HTTP, then the processor hands its steps back, and the database goes last.
struct PressroomNode {
    let services: [any ServiceLifecycle.Service]
    private let httpClient: HTTPClient
    private let fanOut: MultiThreadedEventLoopGroup

    init(
        _ configuration: PressroomConfiguration, _ api: APIConfiguration, _ database: Database, _ customKinds: [RegisteredKind],
        tokenSecret: SharedSecret?, logger: Logger,
        onRunning: @escaping @Sendable (SocketAddress) async -> Void
    ) {
        Instruments.prepare()
        let eventLoops = MultiThreadedEventLoopGroup.singleton
        let httpClient = HTTPClient(eventLoopGroupProvider: .shared(eventLoops), configuration: .forModels)
        let fanOut = MultiThreadedEventLoopGroup(numberOfThreads: configuration.streams.usedThreads)
        let hub = Hub(group: eventLoops, fanOut: fanOut, configuration: HubConfiguration(configuration.streams))
        let nodeID = UUIDv7.next()
        let (feed, signals, commits) = (LocalEventFeed(hub: hub), ProcessorSignals(), CommitCollector(nodeID: nodeID))
        let traces = configuration.otel.tracesURL.map { _ in
            TraceExport(configuration.otel, instance: nodeID.text, httpClient: httpClient, logger: logger)
        }
        var observers: [any CommitObserver] = [feed, signals, commits]
        if let traces { observers.append(traces) }
        let store = Store(
            database: database.client, observers: observers,
            expressionLimits: ExpressionLimits(configuration.processor), maxInputBytes: api.maxBodyBytes)
        traces?.use(store)
        let environment = ProcessInfo.processInfo.environment
        let registry = ProviderRegistry(
            configuration.providers, environment: environment, httpClient: httpClient, logger: logger)
        let grants = configuration.grants(registry, environment)
        let processor = Processor(
            id: nodeID, store: store, signals: signals,
            services: Self.services(configuration, registry, grants, environment, customKinds, eventLoops),
            configuration: ProcessorConfiguration(configuration.processor, models: registry.limits),
            publish: { hub.publish($0) }, logger: logger)
        let tailer = Tailer(
            store: store, feed: feed, configuration: TailerConfiguration(configuration.streams), logger: logger)
        let notifications = NodeNotifications(
            of: commits, store: store, tailer: tailer, onWork: { processor.lookForWork() }, logger: logger)
        var api = api
        api.access = AccessConfiguration(configuration.auth, secret: tokenSecret, httpClient: httpClient)
        api.grants = configuration.processor.concurrency > 0 ? grants : configuration.grantsWithoutSteps(grants)
        let gauges = NodeMetrics(
            client: database.client, hub: hub, processor: processor, slots: configuration.processor.concurrency,
            database: DatabaseGauges(store: store, hub: hub, interval: configuration.metrics.interval, logger: logger),
            spansWaiting: { traces?.waiting ?? 0 })
        api.metrics.samples = { await gauges.samples() }
        api.modelLimits = registry.limits
        let server = APIServer.service(
            configuration: api, store: store, hub: hub, eventLoopGroup: eventLoops, logger: logger,
            onServerRunning: { channel in
                if let address = channel.localAddress {
                    logger.notice("listening", metadata: ["address": "\(address)"])
                    await onRunning(address)
                }
            })
        var services: [any ServiceLifecycle.Service] = []
        if let server = database.server { services.append(server) }
        services.append(database.client)
        if let traces { services.append(traces) }
        services += [
            Maintenance(
                store: store, eventRetention: configuration.retention.events, callRetention: configuration.retention.calls,
                logger: logger),
            MemoryReturn(hub: hub), tailer, notifications,
            EventLoopWatch(
                loops: eventLoops.makeIterator().map { ("http", $0) } + fanOut.makeIterator().map { ("fan_out", $0) }),
            LiveTextReader(
                store: store, hub: hub, processorID: nodeID, interval: configuration.streams.textPoll, logger: logger),
        ]
        services.append(Scheduler(store: store, configuration: SchedulerConfiguration(configuration.schedules), logger: logger))
        if configuration.processor.concurrency > 0 { services.append(processor) }
        services += [server, hub]
        self.services = services
        self.httpClient = httpClient
        self.fanOut = fanOut
    }

    private static func services(
        _ configuration: PressroomConfiguration, _ registry: ProviderRegistry, _ grants: Grants,
        _ environment: [String: String], _ customKinds: [RegisteredKind],
        _ group: any EventLoopGroup
    ) -> StepServices {
        var services = StepServices(
            models: { name throws(ProviderError) in try registry.model(for: name) },
            web: GuardedWebClient(
                rules: AddressRules(exceptions: configuration.requests.allow), resolver: .system(), group: group),
            secrets: { environment[PressroomConfiguration.secretPrefix + $0] }, grants: grants, customKinds: customKinds)
        services.capture = configuration.calls.capture
        services.maxBodyBytes = configuration.calls.maxBodyBytes
        return services
    }

    func close() async {
        try? await httpClient.shutdown()
        try? await fanOut.shutdownGracefully()
    }
}
