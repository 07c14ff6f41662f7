package import Hummingbird
package import NIOCore
package import Store

/// What the handlers of a request know beside the request itself.
package struct PressroomRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The connection, for streams that write to it directly.
    package let channel: any Channel
    package var isHTTP2 = false
    package var identity: Identity

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        identity = .nobody
    }

    /// For whom the store's statements run.
    package var scope: Scope { identity.scope }
}
