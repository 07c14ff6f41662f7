/// How the stream routes treat their connections; the hub's bounds are in `HubConfiguration`.
package struct StreamConfiguration: Sendable {
    /// How long a reader has to take what is unsent when its stream ends; on shutdown it is a second at most.
    package var settleTime: Duration = .seconds(30)

    package init() {}
}
