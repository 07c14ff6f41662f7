/// How long things took, by their names.
struct ScaleTimes {
    /// In the order in which they first came.
    private(set) var names: [String] = []
    private var milliseconds: [String: [Double]] = [:]

    subscript(name: String) -> [Double] { milliseconds[name] ?? [] }

    /// Runs something once more.
    mutating func measure<Value>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
        let start = MonotonicClock.now()
        let value = try await body()
        if milliseconds[name] == nil { names.append(name) }
        milliseconds[name, default: []].append(MonotonicClock.seconds(since: start) * 1000)
        return value
    }

    /// Reads something twice: first from wherever it is, the second time from memory.
    mutating func read<Value>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
        _ = try await measure("first_" + name, body)
        return try await measure(name, body)
    }
}
