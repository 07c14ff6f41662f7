package import Workflow

/// What claims keep to, over all nodes. Workflows have limits of their own, in their definitions.
package struct ClaimLimits: Sendable, Hashable {
    /// Steps of one tenant at a time, above 0; nil for no limit.
    package var tenantSteps: Int?
    package var models: ScopedModelLimits

    package init(tenantSteps: Int? = nil, models: ScopedModelLimits = [:]) {
        self.tenantSteps = tenantSteps
        self.models = models.filter { !$0.value.isEmpty }
    }
}
