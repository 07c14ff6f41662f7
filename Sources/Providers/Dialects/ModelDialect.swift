import Base
import NIOHTTP1
import Workflow

/// An API of model servers: its paths, its headers, and how a request is written and an answer read.
protocol ModelDialect: Sendable {
    /// The address of the API's vendor; nil where the configuration must name one.
    var defaultBaseURL: String? { get }
    /// The path for an answer.
    var callPath: String { get }
    /// The path that lists the models.
    var modelsPath: String { get }
    /// Adds the headers that the API requires, with a key that fits into a header.
    func authorize(_ headers: inout HTTPHeaders, key: String?)
    /// The body of a request for a streamed answer.
    func body(of request: ModelRequest) -> JSONObject
    func makeReader(for request: ModelRequest) -> any ChunkReader
}

/// A member of a request that a server may not know, and that an answer can do without.
package enum OptionalMember: String, Sendable, Hashable, CaseIterable {
    case seed
    case streamOptions = "stream_options"
    case responseFormat = "response_format"
    case tools
    case temperature

    /// The members that the requests of a kind of provider may have.
    package static func all(of kind: ProviderConfiguration.Kind) -> [OptionalMember] {
        switch kind {
        case .openai: [.seed, .streamOptions, .responseFormat, .temperature]
        case .anthropic: [.tools, .temperature]
        case .rehearsal: []
        }
    }

    /// Whether the service adds it by itself, so that it may leave it out by itself. A temperature is an agent's.
    var isOwn: Bool { self != .temperature }

    /// Whether a refusal counts for the model's other calls too. A schema may be refused because of what is in it.
    var isAlwaysRefused: Bool { self == .seed || self == .streamOptions }

    /// The words by which servers name it in an error.
    var names: [String] {
        switch self {
        case .seed, .temperature: [rawValue]
        case .streamOptions: [rawValue, "include_usage"]
        case .responseFormat: [rawValue, "json_schema", "structured_outputs", "guided_json"]
        case .tools: [rawValue, "tool_choice", "disable_parallel_tool_use"]
        }
    }

    func remove(from body: inout JSONObject) {
        body.removeValue(forKey: rawValue)
        if self == .tools { body.removeValue(forKey: "tool_choice") }
    }
}
