/// How a commit gets places for steps that it claims directly, and has them run.
struct StepClaimer: Sendable {
    /// Keeps up to so many places of the processor free for steps of a tenant; answers how many.
    let reserve: @Sendable (_ tenantID: String, _ wanted: Int) -> Int
    /// Starts the claimed steps and gives the places back that were kept free.
    let start: @Sendable (_ claims: [DirectClaims.Claim], _ places: Int) -> Void
}
