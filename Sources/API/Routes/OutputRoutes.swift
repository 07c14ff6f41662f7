import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// Drafts that a person edits.
struct OutputRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.patch("/api/v1/outputs/{id}", use: edit)
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
