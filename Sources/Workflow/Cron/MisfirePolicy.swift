/// What becomes of times that passed while no node could fire.
package enum MisfirePolicy: String, Sendable, CaseIterable {
    /// They are passed over.
    case skip
    /// One task is started for all of them, at once.
    case runOnce = "run_once"
}
