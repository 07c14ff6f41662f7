import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// One draft: how it came to be what it is, and its text by a person's hand.
struct OutputRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/tasks/{task_id}/outputs/{output_id}", use: story)
        routes.patch("/api/v1/outputs/{id}", use: edit)
    }

    private enum Inclusion: String, CaseIterable {
        case bodies
    }

    private func story(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        var wanted = StoryRequest()
        wanted.maxBodyBytes = api.configuration.maxStoryBytes
        wanted.hasBodies = query.words("include", as: Inclusion.self).contains(.bodies)
        try query.finish()
        let (taskID, outputID) = (try context.uuid("task_id"), try context.uuid("output_id"))
        guard let story = try await api.store.outputStory(context.scope, taskID, outputID: outputID, wanted) else {
            throw ProblemError(.notFound, "The task has no output \(outputID.text).")
        }
        return .json(story)
    }

    private func edit(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        let versions = try Preconditions(request).requiredVersions()
        let body = ObjectReader(try await request.json(upTo: api.bodyLimit))
        let content = body.string("content", isRequired: true, maxLength: longestDraft)
        if let content, content.allSatisfy(\.isWhitespace) { body.report("must not be empty", at: "content") }
        try body.finish()
        let view = try await api.store.editOutput(context.scope, id, content: content ?? "", ifVersion: versions)
        return .json(view.json, tag: String(view.version))
    }
}
