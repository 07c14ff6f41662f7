import Testing

@testable import Providers

@Suite("traceparent")
struct TraceParentTests {
    @Test("keeps the trace of the context, with a new span each time")
    func keeps() {
        let first = TraceParent.header(traceID: "0af7651916cd43dd8448eb211c80319c")
        let second = TraceParent.header(traceID: "0af7651916cd43dd8448eb211c80319c")
        #expect(first.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-"))
        #expect(first.hasSuffix("-01"))
        #expect(first.count == 55)
        #expect(first != second)
    }

    @Test("reads upper case and UUIDs", arguments: [
        "0AF7651916CD43DD8448EB211C80319C", "0af76519-16cd-43dd-8448-eb211c80319c",
    ])
    func normalizes(traceID: String) {
        #expect(TraceParent.normalized(traceID) == "0af7651916cd43dd8448eb211c80319c")
    }

    @Test("derives an id from any other text, always the same", arguments: [
        "", "order-17", "00000000000000000000000000000000", "0af7651916cd43dd8448eb211c80319", "0af7651916cd43dd8448eb211c80319ü",
    ])
    func derives(traceID: String) {
        let derived = TraceParent.normalized(traceID)
        #expect(derived.wholeMatch(of: /[0-9a-f]{32}/) != nil)
        #expect(derived != traceID)
        #expect(derived == TraceParent.normalized(traceID))
        #expect(derived != TraceParent.normalized(traceID + "x"))
    }
}
