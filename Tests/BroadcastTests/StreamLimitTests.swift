import NIOPosix
import Testing

@testable import Broadcast

@Suite("Limits of streams")
struct StreamLimitTests {
    private static let mia = StreamReader(tenantID: "a", userID: "mia")
    private static let noah = StreamReader(tenantID: "a", userID: "noah")
    /// Another tenant's user of the same name.
    private static let otherMia = StreamReader(tenantID: "b", userID: "mia")

    private func hub(_ configure: (inout HubConfiguration) -> Void) -> Hub {
        var configuration = HubConfiguration()
        configure(&configuration)
        return Hub(group: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
    }

    @Test("a node takes no more than its limit, and again when one has left")
    func node() {
        let hub = hub { $0.maxStreams = 2 }
        #expect(hub.admit(Self.mia) == nil)
        #expect(hub.admit(Self.otherMia) == nil)
        #expect(hub.admit(Self.noah) == .node)
        hub.release(Self.mia)
        #expect(hub.admit(Self.noah) == nil)
        #expect(hub.streamCount == 2)
    }

    @Test("a tenant's streams leave room for another tenant's")
    func tenant() {
        let hub = hub { $0.maxTenantStreams = 2 }
        #expect(hub.admit(Self.mia) == nil)
        #expect(hub.admit(Self.noah) == nil)
        #expect(hub.admit(Self.mia) == .tenant)
        #expect(hub.admit(Self.otherMia) == nil)
        hub.release(Self.noah)
        #expect(hub.admit(Self.mia) == nil)
        #expect(hub.streamCount == 3)
    }

    @Test("a tenant's own limit counts in place of the node's")
    func ownLimit() {
        let hub = hub { $0.maxTenantStreams = 2 }
        #expect(hub.admit(Self.mia, tenantLimit: 1) == nil)
        #expect(hub.admit(Self.noah, tenantLimit: 1) == .tenant)
        #expect(hub.admit(Self.noah, tenantLimit: 3) == nil)
        #expect(hub.admit(Self.mia, tenantLimit: 3) == nil)
        #expect(hub.admit(Self.mia, tenantLimit: 3) == .tenant)
        #expect(hub.admit(Self.otherMia) == nil)
    }

    @Test("a user's streams leave room for another user's")
    func user() {
        let hub = hub { $0.maxUserStreams = 1 }
        #expect(hub.admit(Self.mia) == nil)
        #expect(hub.admit(Self.mia) == .user)
        #expect(hub.admit(Self.noah) == nil)
        #expect(hub.admit(Self.otherMia) == nil)
        hub.release(Self.mia)
        #expect(hub.admit(Self.mia) == nil)
        #expect(hub.admit(Self.mia) == .user)
    }
}
