import Base
import Foundation

/// What instruments see of the service.
extension PressroomConfiguration {
    package struct Metrics: Sendable, Equatable {
        /// Nil: `/metrics` is served on loopback only.
        package var token: String?
        package var interval: Duration

        init(_ settings: inout SettingReader) {
            token = settings.value(
                "metrics.token", default: nil, rule: "16 to 256 visible ASCII characters",
                """
                `/metrics` is served to requests with `Authorization: Bearer` and this token. Without one it is served only \
                where the service listens on loopback, and not through a proxy
                """,
                isSecret: true
            ) { text in
                (16...256).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? .some(text) : nil
            }
            interval = settings.duration(
                "metrics.interval", default: .seconds(10), in: .milliseconds(100) ... .seconds(600),
                "how old metrics may be that are read from the database; it is asked no more often, whoever scrapes")
        }
    }
}

extension PressroomConfiguration {
    /// Where traces go. The standard variables of OpenTelemetry set it too.
    package struct OTel: Sendable, Equatable {
        package struct Pair: Sendable, Equatable {
            package let name: String
            package let value: String

            /// `name=value`, the value percent-encoded (W3C Baggage, section 3.2.1). Nil for any other text.
            init?(_ text: String) {
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, let value = parts[1].removingPercentEncoding else { return nil }
                let name = parts[0].trimmingCharacters(in: .whitespaces)
                guard !name.isEmpty, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x3A }) else { return nil }
                guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else { return nil }
                self.name = name
                self.value = value.trimmingCharacters(in: .whitespaces)
            }
        }

        package var endpoint: String?
        package var tracesEndpoint: String?
        package var headers: [Pair]
        package var serviceName: String?
        package var resourceAttributes: [Pair]
        package var isDisabled: Bool
        package var timeout: Duration
        package var queue: Int

        init(_ settings: inout SettingReader) {
            endpoint = Self.url(
                &settings, "otel.endpoint",
                """
                the collector that takes traces, by OTLP over HTTP in JSON: `/v1/traces` is added. Without it nothing is exported. \
                Also `OTEL_EXPORTER_OTLP_ENDPOINT`
                """,
                "OTEL_EXPORTER_OTLP_ENDPOINT")
            tracesEndpoint = Self.url(
                &settings, "otel.traces_endpoint",
                "the same as it is called, whole. Also `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
            headers = settings.list(
                "otel.headers", rule: "name=value, the value percent-encoded",
                "headers of its requests, such as `authorization=Bearer%20…`, with commas. Also `OTEL_EXPORTER_OTLP_HEADERS`",
                isSecret: true, otherVariables: ["OTEL_EXPORTER_OTLP_HEADERS"]
            ) { Pair($0) }
            serviceName = settings.value(
                "otel.service_name", default: nil, rule: "a text that is not empty",
                "the service in traces; `pressroom` without one. Also `OTEL_SERVICE_NAME`", otherVariables: ["OTEL_SERVICE_NAME"]
            ) { $0.isEmpty ? nil : .some($0) }
            resourceAttributes = settings.list(
                "otel.resource_attributes", rule: "name=value, the value percent-encoded",
                "more about the service in traces, with commas. Also `OTEL_RESOURCE_ATTRIBUTES`",
                otherVariables: ["OTEL_RESOURCE_ATTRIBUTES"]
            ) { Pair($0) }
            isDisabled = settings.flag(
                "otel.disabled", default: false, "export nothing, whatever else is set. Also `OTEL_SDK_DISABLED`",
                otherVariables: ["OTEL_SDK_DISABLED"])
            timeout = settings.duration(
                "otel.timeout", default: .seconds(10), in: .milliseconds(100) ... .seconds(60),
                "how long the collector may take for a request")
            queue = settings.integer(
                "otel.queue", default: 8_192, in: 1...1_000_000, "spans that may wait to be exported; further ones are dropped and counted")
        }

        private static func url(
            _ settings: inout SettingReader, _ key: String, _ meaning: String, _ variable: String
        ) -> String? {
            settings.value(key, default: nil, rule: "a URL that begins with http:// or https://", meaning, otherVariables: [variable]) { text in
                guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased() ?? ""),
                    url.host?.isEmpty == false
                else { return nil }
                return .some(text)
            }
        }

        /// Nil: nothing is exported.
        package var tracesURL: String? {
            if isDisabled { return nil }
            return tracesEndpoint ?? endpoint.map { ($0.hasSuffix("/") ? String($0.dropLast()) : $0) + "/v1/traces" }
        }

        /// The attributes of the resource that all spans are of.
        func resource(instance: String) -> [String: String] {
            var resource = [
                "service.name": "pressroom", "service.version": ServiceVersion.text, "service.instance.id": instance,
                "telemetry.sdk.language": "swift",
            ]
            for pair in resourceAttributes { resource[pair.name] = pair.value }
            if let serviceName { resource["service.name"] = serviceName }
            return resource
        }
    }
}
