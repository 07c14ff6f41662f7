/// When outputs are judged: before the selection of finalists, or after it.
package enum Stage: String, Sendable, Hashable, Codable, CaseIterable {
    case initial, final
}
