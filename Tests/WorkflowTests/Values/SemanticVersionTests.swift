import Testing

@testable import Workflow

@Suite struct SemanticVersionTests {
    /// The orders that semver.org 2.0.0 gives in item 11, and the contract's own.
    @Test(arguments: [
        ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"],
        ["1.0.0", "2.0.0", "2.1.0", "2.1.1"], ["1.9.0", "1.10.0", "10.0.0"],
    ])
    func precedence(_ texts: [String]) {
        let versions = texts.compactMap(SemanticVersion.init)
        #expect(versions.count == texts.count)
        #expect(versions.shuffled().sorted().map(\.description) == texts)
    }

    @Test func buildMetadataDecidesNothing() throws {
        let left = try #require(SemanticVersion("1.0.0+a")), right = try #require(SemanticVersion("1.0.0+b"))
        #expect(left == right && !(left < right) && left.description == "1.0.0+a")
    }

    @Test(arguments: ["1.0.0", "0.0.0", "1.2.3-0a.x-y.0", "1.0.0--1", "1.0.0+001", "18446744073709551615.0.0", "1.0.0-a+b.c"])
    func reads(_ text: String) {
        #expect(SemanticVersion(text)?.description == text)
    }

    @Test(arguments: [
        "", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.00.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b", "1.0.0+", "1.0.0+a_b", "1.0.0 ",
        "-1.0.0", "1.0.0-é", "18446744073709551616.0.0", "1..0",
    ])
    func refuses(_ text: String) {
        #expect(SemanticVersion(text) == nil)
    }
}
