/// What a stream follows.
package struct StreamRequest: Sendable, Hashable {
    package var tenantID: String
    package var filter: StreamFilter
    package var framing: Framing

    package init(tenantID: String, filter: StreamFilter, framing: Framing = .chunked) {
        self.tenantID = tenantID
        self.filter = filter
        self.framing = framing
    }
}
