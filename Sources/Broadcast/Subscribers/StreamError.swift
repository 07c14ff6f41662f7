/// A stream was set up wrongly.
package struct StreamError: Error, Sendable, Hashable {
    package struct Code: Sendable, Hashable {
        package let rawValue: String
        /// The connection lives on an event loop that the hub was not made with.
        package static let foreignEventLoop = Code(rawValue: "foreign_event_loop")
        /// The connection was given no subscriber.
        package static let notConnected = Code(rawValue: "not_connected")
    }

    package let code: Code

    static let foreignEventLoop = StreamError(code: .foreignEventLoop)
    static let notConnected = StreamError(code: .notConnected)
}
