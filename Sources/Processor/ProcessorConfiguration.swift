package import Store

/// What a processor may use, and how patient it is.
package struct ProcessorConfiguration: Sendable {
    /// How many steps run at once on this node.
    package var concurrency = 64
    /// How many results go into one transaction at most.
    package var commitBatch = 256
    /// How often the lease of the running steps is renewed, and asked whether they were taken away.
    package var heartbeat: Duration = .milliseconds(500)
    /// How old a heartbeat may be before a processor's steps are given to others.
    package var leaseTimeout: Duration = .seconds(10)
    /// How often the queue is looked at when nothing hints at work.
    package var poll: Duration = .milliseconds(500)
    /// How long running steps may go on after a shutdown was asked for before they are handed back.
    package var drain: Duration = .zero
    /// How many tasks may stand above a sub-task.
    package var maxSubtaskDepth = 8
    /// Places that a tenant with running steps here leaves to tenants without any, where there are several tenants;
    /// at most half of all places count.
    package var tenantReserve = 8
    /// Limits over all nodes.
    package var limits = ClaimLimits()

    package init() {}
}
