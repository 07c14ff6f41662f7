/// How much a line of a task's log matters.
package enum LogLevel: String, Sendable, Hashable, Codable, CaseIterable {
    case debug, info, warning, error
}
