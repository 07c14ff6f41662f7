import AsyncHTTPClient
import Foundation
import Logging
import Providers

/// The result of the check of one configured provider.
package struct ProviderFinding: Sendable {
    package let name: String
    package let isUsable: Bool
    /// The end of a sentence about the provider, and how to correct it.
    package let summary: String

    /// Checks all providers at the same time; sorted by name.
    package static func all(
        of configuration: PressroomConfiguration, environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> [ProviderFinding] {
        let httpClient = HTTPClient(configuration: .forModels)
        let registry = ProviderRegistry(
            configuration.providers, environment: environment, httpClient: httpClient,
            logger: Logger(label: "pressroom.doctor") { _ in SwiftLogNoOpLogHandler() })
        let findings = await withTaskGroup(of: ProviderFinding.self) { group in
            for name in registry.names {
                group.addTask {
                    let check = await registry.check(name)
                    return ProviderFinding(name: name, isUsable: check.isUsable, summary: check.summary)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        try await httpClient.shutdown()
        return findings.sorted { $0.name < $1.name }
    }
}
