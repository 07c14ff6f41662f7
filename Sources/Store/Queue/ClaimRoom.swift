import Workflow

/// What one claim may still take of a tenant, lane by lane, under all limits at once.
struct ClaimRoom {
    private var tenant = Int.max
    private var workflows: [String: Int] = [:]
    private var scopes: [String: Int]
    private let models: ScopedModelLimits

    /// - Parameters:
    ///   - running: the tenant's running steps by lane.
    ///   - workflows: the limits of workflows; one that is not named has none.
    init(
        _ limits: ClaimLimits, running: [Lane: Int] = [:], workflows: [String: Int] = [:], models: [String: ModelRoom] = [:]
    ) {
        self.models = limits.models
        scopes = models.mapValues(\.steps)
        if let limit = limits.tenantSteps { tenant = max(0, limit - running.values.reduce(0, +)) }
        for (name, limit) in workflows {
            let used = running.reduce(0) { $1.key.workflow == name ? $0 + $1.value : $0 }
            self.workflows[name] = max(0, limit - used)
        }
    }

    /// How many steps of the lane may be claimed.
    func steps(in lane: Lane) -> Int {
        var room = tenant
        if let workflow = lane.workflow, let left = workflows[workflow] { room = min(room, left) }
        for scope in models.scopes(of: lane) { room = min(room, scopes[scope] ?? 0) }
        return room
    }

    /// Takes a step of the lane, if there is room.
    mutating func take(from lane: Lane) -> Bool {
        guard steps(in: lane) > 0 else { return false }
        tenant -= 1
        if let workflow = lane.workflow { workflows[workflow]? -= 1 }
        for scope in models.scopes(of: lane) { scopes[scope]? -= 1 }
        return true
    }
}
