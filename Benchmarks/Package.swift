// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the product's build does not wait for the benchmarks. `Product` is a link to the product's
// sources, because a `package` declaration is visible inside one package only.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// A target of the product, as its own manifest declares it.
func product(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Product/\(name)", swiftSettings: swiftSettings)
}

let package = Package(
    name: "pressroom-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibPQ", path: "Product/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        product("Base", []),
        product(
            "Telemetry",
            [
                "Base", .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        product(
            "Postgres",
            [
                "Base", "CLibPQ", "Telemetry", logging, .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        product("Workflow", ["Base", "Yams", .product(name: "Mustache", package: "swift-mustache")]),
        product("Store", ["Base", "Workflow", "Postgres", logging]),
        product(
            "Client",
            [
                "Base", "Workflow", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "pressroom-bench",
            dependencies: [
                "Base", "CLibPQ", "Client", "Postgres", "Store", "Workflow", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/PressroomBench", swiftSettings: swiftSettings),
        .executableTarget(
            name: "postgres-bench", dependencies: ["Postgres", logging], path: "Sources/PostgresBench",
            swiftSettings: swiftSettings),
    ]
)
