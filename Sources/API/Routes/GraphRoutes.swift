import Base
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store
import Workflow

/// A workflow as a Mermaid flowchart; with `task_id`, in the colours of that task's phases.
struct GraphRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/workflows/{name}/graph", use: graph)
    }

    private func graph(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let taskID = query.uuid("task_id")
        try query.finish()
        let name = try context.text("name")
        let scope = context.scope
        let id: UUID
        var statuses: [String: PhaseStatus] = [:]
        if let taskID {
            guard let task = try await api.store.phaseStatuses(scope, taskID), task.workflowName == name else {
                throw ProblemError.notFound(task: taskID, of: name)
            }
            (id, statuses) = (task.workflowID, task.statuses)
        } else {
            guard let workflow = try await api.store.latestWorkflow(scope, name: name) else {
                throw ProblemError(.notFound, "There is no active version of a workflow \(name).")
            }
            id = workflow.id
        }
        guard let workflow = try await api.store.workflowVersion(scope, id) else {
            throw ProblemError(.notFound, "There is no workflow \(name).")
        }
        let text = MermaidGraph(workflow.definition, statuses: statuses).text
        return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// Writes the graph of phases in Mermaid's flowchart syntax (mermaid.js.org/syntax/flowchart.html).
struct MermaidGraph {
    let text: String

    /// - Parameter statuses: by phase. A phase with one gets the colour of its status.
    init(_ workflow: WorkflowDefinition, statuses: [String: PhaseStatus] = [:]) {
        var lines = ["flowchart TD"]
        // Numbered, because the id of a phase may be a word of Mermaid, such as `end`.
        let nodes = Dictionary(
            workflow.phases.enumerated().map { ($1.id, "p\($0)") }, uniquingKeysWith: { first, _ in first })
        for phase in workflow.phases {
            guard let node = nodes[phase.id] else { continue }
            let status = statuses[phase.id].map { ":::\($0.rawValue)" } ?? ""
            lines.append("    \(node)[\"\(Self.escaped(phase.name ?? phase.id)) (\(phase.kindName))\"]\(status)")
        }
        for phase in workflow.phases {
            for need in phase.needs {
                if let from = nodes[need], let to = nodes[phase.id] { lines.append("    \(from) --> \(to)") }
            }
        }
        let used = Set(statuses.values)
        for status in PhaseStatus.allCases where used.contains(status) {
            lines.append("    classDef \(status.rawValue) \(Self.style(of: status))")
        }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func escaped(_ label: String) -> String {
        label.replacing("&", with: "#amp;").replacing("\"", with: "#quot;")
            .replacing("<", with: "#lt;").replacing(">", with: "#gt;").replacing("\n", with: " ")
    }

    private static func style(of status: PhaseStatus) -> String {
        switch status {
        case .pending: "fill:#eeeeee,stroke:#888888,color:#333333"
        case .running: "fill:#cfe3ff,stroke:#2563eb,color:#12306b"
        case .waiting: "fill:#fff1c2,stroke:#b7791f,color:#5c3c0b"
        case .completed: "fill:#d3f2dc,stroke:#15803d,color:#0d3f20"
        case .failed: "fill:#ffd9d6,stroke:#c62828,color:#5f1414"
        case .skipped: "fill:#f5f5f5,stroke:#aaaaaa,color:#777777,stroke-dasharray:4"
        case .cancelled: "fill:#e3dcec,stroke:#6b4f9a,color:#38255c"
        }
    }
}
