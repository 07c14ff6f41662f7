// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let nioCompression = Target.Dependency.product(name: "NIOHTTPCompression", package: "swift-nio-extras")

let package = Package(
    name: "pressroom",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "pressroom", targets: ["pressroom"]),
        .library(name: "PressroomClient", targets: ["Client"]),
        .library(name: "PressroomKit", targets: ["PressroomKit"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [.defaults, "YAML"]),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "Base", swiftSettings: swiftSettings),
        .target(
            name: "Telemetry",
            dependencies: ["Base", coreMetrics, tracing, .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Postgres",
            dependencies: [
                "Base", "CLibPQ", "Telemetry", logging, lifecycle,
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Workflow",
            dependencies: ["Base", "Yams", .product(name: "Mustache", package: "swift-mustache")],
            swiftSettings: swiftSettings
        ),
        .target(name: "Store", dependencies: ["Base", "Workflow", "Postgres", logging], swiftSettings: swiftSettings),
        .target(
            name: "Providers",
            dependencies: ["Base", "Workflow", httpClient, nioCore, nioPosix, nioHTTP1, nioCompression, nioSSL, logging],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Broadcast",
            dependencies: [
                "Base", "Telemetry", "Workflow", "Store", nioCore, logging, lifecycle,
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Processor",
            dependencies: ["Base", "Telemetry", "Workflow", "Store", "Postgres", logging, lifecycle],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Access",
            dependencies: [
                "Base", "Workflow", "Store",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "API",
            dependencies: [
                "Access", "Base", "Telemetry", "Workflow", "Store", "Postgres", "Broadcast", nioCore, nioPosix, nioHTTP1, nioSSL, logging,
                lifecycle,
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(name: "Client", dependencies: ["Base", "Workflow", httpClient, nioCore, nioPosix, nioHTTP1], swiftSettings: swiftSettings),
        .target(
            name: "Service",
            dependencies: [
                "Access", "API", "Base", "Broadcast", "CLibPQ", "Postgres", "Processor", "Providers", "Store", "Telemetry", "Workflow",
                logging, lifecycle, httpClient, tracing, nioCore, nioPosix, nioHTTP1, "Yams",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "PressroomKit", dependencies: ["Base", "Telemetry", "Service", "Processor", "Workflow", coreMetrics, logging],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "pressroom",
            dependencies: [
                "Access", "Base", "Telemetry", "Service", "Client", "Workflow", "Postgres", "Store", coreMetrics, logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings
        ),
        // Measured by scripts/bench beside the service itself; not a product.
        .executableTarget(
            name: "bench-node", dependencies: ["Base", "Service", "Processor", "Workflow"], path: "Benchmarks/Node",
            swiftSettings: swiftSettings),
        .target(
            name: "TestSupport",
            dependencies: ["Base", "Workflow", "Postgres", logging, nioCore, nioPosix],
            path: "Tests/Support",
            swiftSettings: swiftSettings
        ),
        .testTarget(name: "BaseTests", dependencies: ["Base", "TestSupport", "Workflow"], swiftSettings: swiftSettings),
        .testTarget(
            name: "TelemetryTests", dependencies: ["Base", "Telemetry", "TestSupport", coreMetrics, tracing], swiftSettings: swiftSettings),
        .testTarget(name: "WorkflowTests", dependencies: ["Base", "Workflow", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "PostgresTests", dependencies: ["Base", "Postgres", "TestSupport", logging, lifecycle], swiftSettings: swiftSettings),
        .testTarget(
            name: "ProvidersTests",
            dependencies: ["Base", "Providers", "Workflow", "TestSupport", httpClient, nioCore, nioPosix, nioHTTP1, nioSSL, logging],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "AccessTests",
            dependencies: [
                "Access", "Base", "Store", "Workflow", "Postgres", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ProcessorTests",
            dependencies: ["Base", "Processor", "Store", "Workflow", "Postgres", "TestSupport", logging, lifecycle],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "BroadcastTests",
            dependencies: ["Base", "Broadcast", "Store", "Workflow", "Postgres", "TestSupport", nioCore, nioPosix, logging, lifecycle],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "APITests",
            dependencies: [
                "Access", "Base", "API", "Broadcast", "Store", "Telemetry", "Workflow", "Postgres", "TestSupport", httpClient, nioCore,
                nioPosix, nioHTTP1, nioSSL, logging, lifecycle,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ClientTests",
            dependencies: ["Base", "Client", "Workflow", "TestSupport", httpClient, nioPosix],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "StreamTests",
            dependencies: [
                "Base", "API", "Broadcast", "Client", "Store", "Workflow", "Postgres", "TestSupport", nioCore, nioPosix, logging, lifecycle,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "Base", "Service", "PressroomKit", "API", "Broadcast", "Client", "Processor", "Store", "Telemetry", "Workflow",
                "Postgres", "Providers", "TestSupport", httpClient, nioCore, nioPosix, nioHTTP1, logging,
            ],
            swiftSettings: swiftSettings
        ),
    ]
)
