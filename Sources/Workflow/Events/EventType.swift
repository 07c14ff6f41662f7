/// What an event says: its `type` in the log and in its data, and the `event:` line of its frame.
///
/// Applications add types of their own, `custom.<name>`; ``custom`` is for them all, see ``init(type:)``.
package enum EventType: String, Sendable, Hashable, CaseIterable {
    /// A task was added or changed. Carries `task`, the whole row.
    case taskUpdated = "task_updated"
    /// A phase was added or changed. Carries `phase`, and the `status` and `phase` of its `task`.
    case phaseChanged = "phase_changed"
    /// A step changed. Carries `step`. (Steps that are added come with ``queueBuilt``.)
    case stepUpdated = "step_updated"
    /// One statement added steps to a phase. Carries `phase_id` and `steps`.
    case queueBuilt = "queue_built"
    /// An output was added or changed. Carries `output`.
    case outputUpdated = "output_updated"
    /// A text of an output was kept. Carries `output_version`.
    case outputVersionAdded = "output_version_added"
    /// An evaluation was added or changed. Carries `evaluation`.
    case evaluationUpdated = "evaluation_updated"
    /// A `select` phase has chosen. Carries `phase_id` and `outputs`, the chosen ones.
    case finalistsSelected = "finalists_selected"
    /// A ranking was written. Carries `ranking`.
    case rankingUpdated = "ranking_updated"
    /// A human task was added or changed. Carries `human_task`.
    case humanTaskUpdated = "human_task_updated"
    /// A line was written to the task's log. Carries `log`.
    case logAppended = "log_appended"
    /// A run of a step has ended. Carries `attempt`.
    case attemptRecorded = "attempt_recorded"
    /// A request left the service, and its attempt has ended. Carries `call`, without its bodies.
    case callRecorded = "call_recorded"
    /// An application posted it, as `custom` or `custom.<name>`. Carries `data`.
    case custom

    /// Text as a model writes it. Carries `output_id`, `version_number`, `offset` and `text`; has no `id` and no row.
    case outputDelta = "output_delta"
    /// Text that an agent, an editor or a judge writes and that is no draft. Carries `step_id`, `attempt`, `offset` and
    /// `text`; has no `id` and no row.
    case stepDelta = "step_delta"
    /// The whole state of the stream's task, from which the reader continues.
    case state
    /// The reader's cursor cannot be continued. Carries `reason` and `cursor`.
    case reset
    /// The task is terminal, and everything of it was sent. Carries `status` and `cursor`.
    case end
    /// The credential of the stream has ended. Carries `reason` and `cursor`, from which the reader goes on with a new one.
    case credentialsExpired = "credentials_expired"
    /// The node has no capacity for another stream. Carries `retry_after`, in seconds.
    case overloaded
}

extension EventType {
    /// The case of a type as the log and the stream write it: ``custom`` for `custom.<name>` too; nil for an unknown one.
    package init?(type: String) {
        if let known = EventType(rawValue: type) {
            self = known
        } else if Self.isCustom(type) {
            self = .custom
        } else {
            return nil
        }
    }

    /// Whether events of the type are rows of `pressroom.events`, with a position and so an `id`.
    package var isLogged: Bool {
        switch self {
        case .taskUpdated, .phaseChanged, .stepUpdated, .queueBuilt, .outputUpdated, .outputVersionAdded,
            .evaluationUpdated, .finalistsSelected, .rankingUpdated, .humanTaskUpdated, .logAppended,
            .attemptRecorded, .callRecorded, .custom:
            true
        case .outputDelta, .stepDelta, .state, .reset, .end, .credentialsExpired, .overloaded: false
        }
    }

    /// Whether it carries text as a model writes it.
    package var isLiveText: Bool { self == .outputDelta || self == .stepDelta }

    /// Whether `types=` may name it: logged events and live text. What steers a stream always reaches its reader.
    package var isSelectable: Bool { isLogged || isLiveText }

    /// Whether an application may post events of the type: `custom`, or `custom.` and a name of 1 to 64 of
    /// `A-Z a-z 0-9 _ - .`.
    package static func isCustom(_ type: String) -> Bool {
        if type == custom.rawValue { return true }
        let prefix = custom.rawValue + "."
        let name = type.utf8.dropFirst(prefix.utf8.count)
        return type.hasPrefix(prefix) && (1...64).contains(name.count)
            && name.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
    }
}
