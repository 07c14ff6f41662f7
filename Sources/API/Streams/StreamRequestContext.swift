package import Hummingbird
package import NIOCore
package import Store

/// What a stream needs to know of its request: who asks, and the connection that it writes to.
package protocol StreamRequestContext: RequestContext {
    var scope: Scope { get }
    var channel: any Channel { get }
    /// Whether the connection is a stream of HTTP/2.
    var isHTTP2: Bool { get }
}
