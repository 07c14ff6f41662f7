extension PressroomClient {
    /// The events of one task, after `cursor`, or from a `state` event when there is none; ends after the task's last.
    public func events(
        of taskID: String, after cursor: String? = nil, policy: ReconnectPolicy = ReconnectPolicy(),
        onReconnect: (@Sendable (EventSource.Reconnection) -> Void)? = nil
    ) -> EventSource {
        EventSource(
            url: baseURL + Path("tasks", taskID, "stream").text, headers: authorization, lastEventID: cursor ?? "",
            policy: policy, httpClient: httpClient, onReconnect: onReconnect)
    }

    /// The events of the whole tenant, after `cursor`, or from now on. Nil filters let everything through.
    public func events(
        after cursor: String? = nil, conversationID: String? = nil, workflow: String? = nil, taskIDs: [String] = [],
        types: [String] = [], policy: ReconnectPolicy = ReconnectPolicy()
    ) -> EventSource {
        var path = Path("stream").with("conversation_id", conversationID).with("workflow", workflow)
        for id in taskIDs { path = path.with("task_id", id) }
        if !types.isEmpty { path = path.with("types", types.joined(separator: ",")) }
        return EventSource(
            url: baseURL + path.text, headers: authorization, lastEventID: cursor ?? "", policy: policy,
            httpClient: httpClient)
    }

    /// Restores a task's state, then follows it to its end; see `TaskFollower`.
    public func follow(
        _ taskID: String, policy: ReconnectPolicy = ReconnectPolicy(),
        onReconnect: (@Sendable (EventSource.Reconnection) -> Void)? = nil
    ) -> TaskFollower {
        TaskFollower(client: self, taskID: taskID, policy: policy, onReconnect: onReconnect)
    }
}
