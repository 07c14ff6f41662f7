/// How the stream routes treat their connections; the hub's bounds are in `HubConfiguration`.
package struct StreamConfiguration: Sendable {
    /// How long a reader has to take what is unsent when its stream ends.
    package var settleTime: Duration = .seconds(30)

    package init() {}
}
