@testable import Base
import Foundation
import Testing

@Suite("Identifiers and hashes")
struct IdentifierTests {
    @Test func uuidsAreWrittenAndReadAsFoundationDoes() {
        for _ in 0..<1_000 {
            let id = UUID()
            #expect(id.text == id.text)
            #expect(UUID(text: id.text) == id)
            #expect(UUID(text: id.uuidString) == id)
        }
    }

    @Test(arguments: [
        "", "x", "6ba7b810-9dad-11d1-80b4-00c04fd430c", "6ba7b8109-dad-11d1-80b4-00c04fd430c8",
        "6ba7b810-9dad-11d1-80b4-00c04fd430cg", "{6ba7b810-9dad-11d1-80b4-00c04fd430c}",
        "6ba7b8109dad11d180b400c04fd430c8", " 6ba7b810-9dad-11d1-80b4-00c04fd430c", "6ba7b810-9dad-11d1-80b4-00c04fd430é",
    ])
    func refusesWhatIsNoUUID(text: String) {
        #expect(UUID(text: text) == nil)
    }

    /// The example of RFC 9562, A.6.
    @Test func uuidHasTheLayoutOfTheRFC() {
        let id = UUIDv7.make(milliseconds: 0x017F_22E2_79B0, counter: 0xCC3, random: 0x18C4_DC0C_0C07_398F)
        #expect(id.text == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    @Test func uuidsRise() async {
        let groups = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<4 { group.addTask { (0..<20_000).map { _ in UUIDv7.next().text } } }
            return await group.reduce(into: [[String]]()) { $0.append($1) }
        }
        for group in groups { #expect(zip(group, group.dropFirst()).allSatisfy { $0 < $1 }) }
        #expect(Set(groups.joined()).count == 80_000)
    }

    /// The test vectors of draft-eastlake-fnv.
    @Test(arguments: [("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8)] as [(String, UInt64)])
    func hashesDoNotChange(text: String, hash: UInt64) {
        #expect(StableHash.value(text) == hash)
        #expect(UInt64(StableHash.hex(text), radix: 16) == hash && StableHash.hex(text).count == 16)
    }

    @Test func hashesOfPartsKeepTheirBoundaries() {
        #expect(StableHash.value(parts: ["ab", "c"]) != StableHash.value(parts: ["a", "bc"]))
        #expect(StableHash.value(parts: []) == StableHash.value(""))
    }
}
