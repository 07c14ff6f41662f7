import Testing

@testable import Access

@Suite struct APIKeyTests {
    @Test func aKeyReadsBackAndMatchesOnlyItsOwnHash() throws {
        let (key, other) = (APIKey(), APIKey())
        let read = try #require(APIKey(key.text))
        #expect(read.keyID == key.keyID && read.secretHash == key.secretHash && read.secretHash.count == 32)
        #expect(read.matches(key.secretHash) && !read.matches(other.secretHash) && !read.matches([]))
        #expect(key.keyID != other.keyID && key.text != other.text)
        #expect(APIKey.isMeant(by: key.text) && !APIKey.isMeant(by: "eyJhbGciOiJIUzI1NiJ9.e30.x"))
    }

    @Test func textsOfAnotherFormAreNoKeys() {
        let text = APIKey().text
        for wrong in [
            "", "prk", "prk__", text + "a", String(text.dropLast()), text.uppercased(), "prs" + text.dropFirst(3),
            text.replacing("prk_", with: "prk-"), " " + text, text + "\n", String(repeating: "prk_", count: 100),
            String(text.dropLast()) + "é", String(text.dropLast()) + "g",
        ] {
            #expect(APIKey(wrong) == nil, "\(wrong)")
        }
    }

    @Test func comparisonsCoverEveryByte() {
        let bytes = (0..<32).map { UInt8($0) }
        #expect(ConstantTime.isEqual(bytes, bytes))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(!ConstantTime.isEqual(bytes, other))
        }
        #expect(!ConstantTime.isEqual(bytes, Array(bytes.dropLast())) && ConstantTime.isEqual([], []))
    }
}
