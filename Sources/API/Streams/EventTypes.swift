/// The event types that a stream may be narrowed to.
enum EventTypes {
    private static let known: Set<String> = [
        "task_updated", "phase_changed", "step_updated", "output_updated", "evaluation_updated", "human_task_updated",
        "output_version_added", "log_appended", "queue_built", "finalists_selected", "ranking_updated", "output_delta",
        "custom",
    ]

    /// An application's own types are `custom.<name>`.
    static func isKnown(_ type: String) -> Bool {
        known.contains(type) || (type.hasPrefix("custom.") && type.utf8.count > 7)
    }
}
