import Base
import Foundation
import Postgres
import Store
import Testing
import Workflow

@testable import Processor

/// The tasks of random graphs while they run, and all that happens to them: people answer, tasks are paused and resumed,
/// cancelled, and retried where they fail.
actor RandomTasks {
    struct Started {
        let graph: RandomGraph
        let taskID: UUID
        var pausesAt: [Int]
        var cancelAt: Int?
        var retries: Int
        var pauses = 0
    }

    private let newsroom: Newsroom
    private let fates: Fates
    private(set) var started: [Started] = []

    init(_ newsroom: Newsroom, _ fates: Fates) {
        self.newsroom = newsroom
        self.fates = fates
    }

    func start(_ graph: RandomGraph, _ definition: WorkflowDefinition) async throws {
        let id = UUIDv7.next()
        _ = try await newsroom.client.query(
            """
            INSERT INTO pressroom.workflows (tenant_id, id, name, version, version_sort, definition)
            VALUES ('default', \(id), \(definition.name), '1.0.0', '1', \(definition.json)::json)
            """)
        let taskID = try await newsroom.start((id, definition), input: graph.input)
        for phase in graph.phases {
            guard case .signal(let data) = phase.work else { continue }
            for value in data { try await newsroom.store.addSignal(newsroom.scope, taskID: taskID, name: phase.id, data: value) }
        }
        let disturbance = graph.disturbance
        started.append(
            Started(
                graph: graph, taskID: taskID, pausesAt: disturbance.pausesAt, cancelAt: disturbance.cancelAt,
                retries: disturbance.retries))
    }

    /// Does what is due. Answers whether all tasks are over, their children too.
    func goOn() async throws -> Bool {
        var open: Int
        repeat {
            open = try await newsroom.count(
                "SELECT count(*) FROM pressroom.tasks WHERE status NOT IN ('completed', 'failed', 'cancelled')")
            let hasActed = try await disturb()
            let hasAnswered = try await answer()
            guard hasActed || hasAnswered else { break }
        } while true
        return open == 0
    }

    private func disturb() async throws -> Bool {
        let rows = try await newsroom.client.query(
            """
            SELECT t.task_id, t.status,
                   (SELECT count(*) FROM pressroom.events e WHERE e.tenant_id = t.tenant_id AND e.task_id = t.task_id) AS events
              FROM pressroom.tasks t WHERE t.parent_task_id IS NULL AND t.status NOT IN ('completed', 'cancelled')
            """)
        var hasActed = false
        for row in rows {
            let (taskID, status, events) = try (row.decode("task_id", as: UUID.self), row.decode("status", as: String.self), row.decode("events", as: Int.self))
            guard let index = started.firstIndex(where: { $0.taskID == taskID }) else { continue }
            switch status {
            case "paused":
                hasActed = true
                _ = try await act(.resume, taskID)
            case "failed":
                guard started[index].retries > 0 else { continue }
                hasActed = true
                started[index].retries -= 1
                fates.beginLife(of: taskID)
                while try await !act(.retry, taskID) {}
            default:
                if let at = started[index].pausesAt.first, events >= at {
                    hasActed = true
                    if try await act(.pause, taskID) {
                        started[index].pausesAt.removeFirst()
                        started[index].pauses += 1
                    }
                } else if let at = started[index].cancelAt, events >= at {
                    hasActed = true
                    if try await act(.cancel, taskID) { started[index].cancelAt = nil }
                }
            }
        }
        return hasActed
    }

    /// Whether it is done, or cannot be done any more; not while another session holds a row of the task.
    private func act(_ action: TaskAction, _ taskID: UUID) async throws -> Bool {
        do {
            _ = try await newsroom.store.transitionTask(newsroom.scope, taskID, action, ifVersion: nil)
            return true
        } catch let error as StoreError where error.code == .conflict {
            return error.status != nil
        }
    }

    /// People answer each question as its phase says; those that expire they leave.
    private func answer() async throws -> Bool {
        let rows = try await newsroom.client.query(
            """
            SELECT h.id, h.task_id, p.key, s.input::text AS input FROM pressroom.human_tasks h
              JOIN pressroom.steps s ON s.tenant_id = h.tenant_id AND s.id = h.step_id
              JOIN pressroom.phases p ON p.tenant_id = s.tenant_id AND p.id = s.phase_id
              JOIN pressroom.tasks t ON t.tenant_id = h.tenant_id AND t.task_id = h.task_id
             WHERE h.status IN ('pending', 'claimed') AND t.status IN ('running', 'waiting')
            """)
        var hasAnswered = false
        for row in rows {
            let (id, taskID, key) = try (row.decode("id", as: UUID.self), row.decode("task_id", as: UUID.self), row.decode("key", as: String.self))
            guard let graph = started.first(where: { $0.taskID == taskID })?.graph,
                case .human(let heals, false)? = graph.phases.first(where: { $0.id == key })?.work
            else { continue }
            let input = try JSON(parsing: row.decode("input", as: String.self))
            let number = 10 * (input["iteration"]?.int ?? 0) + (input["index"]?.int ?? 0)
            hasAnswered = true
            do {
                _ = try await newsroom.store.actOnHumanTask(
                    newsroom.scope, id, fates.life(of: taskID.text) < heals ? .cancel : .complete(["n": .integer(Int64(number))]))
            } catch let error as StoreError where error.code == .conflict || error.code == .notFound {
                continue  // withdrawn meanwhile, or held; it is looked at again
            }
        }
        return hasAnswered
    }
}
