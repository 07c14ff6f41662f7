import Testing

@testable import Broadcast

@Suite("The list of tenants to read")
struct WakeListTests {
    @Test("a tenant waits once, and again after it was woken while busy")
    func again() async {
        let list = WakeList()
        list.wake("a")
        list.wake("a")
        list.wake("b")
        #expect(await list.next() == "a")
        list.wake("a")
        #expect(await list.next() == "b")
        list.done("a")
        #expect(await list.next() == "a")
        list.close()
        #expect(await list.next() == nil)
    }

    @Test("closing lets waiting workers go")
    func close() async {
        let list = WakeList()
        async let next = list.next()
        list.close()
        #expect(await next == nil)
    }
}
