/// How a commit gets places for steps that it claims directly, and has them run.
struct StepClaimer: Sendable {
    /// Keeps up to so many places of the processor free for steps of a tenant.
    let reserve: @Sendable (_ tenantID: String, _ wanted: Int) -> DirectRoom
    /// Starts the claimed steps and gives the places back that were kept free.
    let start: @Sendable (_ claims: [DirectClaims.Claim], _ places: Int) -> Void
}

/// What a commit may claim of the steps that it adds.
struct DirectRoom: Sendable, Equatable {
    let places: Int
    /// Steps of tasks with a lower priority queue up, behind those of the tenant that wait there.
    let leastPriority: Int

    static let none = DirectRoom(places: 0, leastPriority: .max)
}
