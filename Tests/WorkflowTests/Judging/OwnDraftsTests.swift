import Testing

@testable import Workflow

@Suite struct OwnDraftsTests {
    private func agent(_ slug: String, _ models: String...) throws -> AgentDefinition {
        let names = try models.map { try #require(ModelName($0)) }
        return AgentDefinition(slug: slug, role: "any", name: slug, model: names[0], fallbacks: Array(names.dropFirst()))
    }

    @Test func theSameAgentOrAModelInCommon() throws {
        let judge = try agent("judge", "a/x", "b/y")
        #expect(OwnDrafts.areOwn(writer: try agent("judge", "c/z"), judge: judge))
        #expect(OwnDrafts.areOwn(writer: try agent("w", "a/x"), judge: judge))
        #expect(OwnDrafts.areOwn(writer: try agent("w", "c/z", "b/y"), judge: judge))
        #expect(!OwnDrafts.areOwn(writer: try agent("w", "c/z"), judge: judge))
        // The same name at another provider is another model.
        #expect(!OwnDrafts.areOwn(writer: try agent("w", "b/x"), judge: judge))
    }
}
