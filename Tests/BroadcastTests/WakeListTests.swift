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

    @Test("a tenant at which a worker failed is nobody's before its retry, and others are served")
    func failure() async {
        let list = WakeList()
        list.wake("a")
        #expect(await list.next() == "a")
        #expect(list.failed("a") == 1)
        list.wake("a")
        list.wake("b")
        #expect(await list.next() == "b")
        list.wake("c")
        #expect(list.failed("b") == 1)
        list.retry("a")
        #expect(await list.next() == "c")
        #expect(await list.next() == "a")
        #expect(list.failed("a") == 2)
        list.retry("a")
        #expect(await list.next() == "a")
        list.done("a")
        list.wake("a")
        #expect(await list.next() == "a")
        #expect(list.failed("a") == 1)
    }

    @Test("closing lets waiting workers go")
    func close() async {
        let list = WakeList()
        async let next = list.next()
        list.close()
        #expect(await next == nil)
    }
}
