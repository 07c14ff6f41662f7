import Base
import Foundation
import NIOHTTP1
import Postgres
import Store
import Testing
import TestSupport
import Workflow

@testable import API

/// What each sender sees and may do of two workspaces and a private workflow, by every route.
@Suite struct SightRouteTests {
    private typealias Marker = SightFixture.Marker
    private typealias Sender = SightFixture.Sender

    @Test func listsHoldWhatIsSeenAndNothingElse() async throws {
        try await SightFixture.with { fixture in
            for sender in Sender.allCases {
                for path in [
                    "/workflows", "/workflows?status=active", "/tasks", "/tasks?include=result,accumulated_context",
                    "/tasks?conversation_id=talk", "/tasks?status=pending", "/tasks?limit=500", "/human-tasks",
                    "/human-tasks?status=pending", "/schedules", "/schedules?enabled=true",
                ] {
                    let list = try await fixture.send(.GET, path, as: sender)
                    #expect(list.status == 200 && SightFixture.markers(in: list.text) == sender.sees, "\(sender) \(path): \(list.text)")
                    #expect(list.items.count == sender.sees.count, "\(sender) \(path)")
                }
                for marker in Marker.allCases {
                    let found = try await fixture.send(.GET, "/tasks?q=\(marker.rawValue)", as: sender)
                    #expect(found.items.count == (sender.sees.contains(marker) ? 1 : 0), "\(sender) \(marker)")
                    let named = try await fixture.send(.GET, "/tasks?workflow=flow-\(marker.rawValue)", as: sender)
                    #expect(named.items.count == (sender.sees.contains(marker) ? 1 : 0), "\(sender) \(marker)")
                }
                for (name, id) in fixture.workspaces {
                    let inside = try await fixture.send(.GET, "/tasks?workspace_id=\(id.text)", as: sender)
                    let wanted = sender.sees.intersection(name == "A" ? [.amber, .cobalt] : [.birch])
                    #expect(SightFixture.markers(in: inside.text) == wanted, "\(sender) \(name)")
                    let isMember = !wanted.isEmpty
                    #expect(try await fixture.send(.GET, "/workspaces/\(id.text)", as: sender).status == (isMember ? 200 : 404))
                    #expect(try await fixture.send(.GET, "/workspaces/\(id.text)/members", as: sender).status == (isMember ? 200 : 404))
                }
                // One row a page: what is left out between them leaves no hole and no repeat.
                var (pages, next, ids) = (0, "", Set<String>())
                repeat {
                    let page = try await fixture.send(.GET, "/tasks?limit=1" + next, as: sender)
                    ids.formUnion(page.items.compactMap { $0["task_id"]?.string })
                    next = page.json["next"]?.string.map { "&after=\($0)" } ?? ""
                    pages += 1
                } while !next.isEmpty && pages < 20
                #expect(ids == Set(sender.sees.compactMap { fixture.places[$0]?.task }))
            }
        }
    }

    @Test func whatIsNotSeenIsNotFound() async throws {
        try await SightFixture.with { fixture in
            for sender in Sender.allCases {
                for (marker, place) in fixture.places {
                    let isSeen = sender.sees.contains(marker)
                    for path in [
                        "/tasks/\(place.task)", "/tasks/\(place.task)/state?include=versions,logs", "/tasks/\(place.task)/outputs",
                        "/tasks/\(place.task)/outputs/\(place.output)/versions",
                        "/tasks/\(place.task)/outputs/\(place.output)?include=bodies", "/tasks/\(place.task)/evaluations",
                        "/tasks/\(place.task)/rankings", "/tasks/\(place.task)/steps", "/tasks/\(place.task)/logs",
                        "/human-tasks/\(place.humanTask)", "/schedules/\(place.schedule)",
                    ] {
                        let answer = try await fixture.send(.GET, path, as: sender)
                        #expect(answer.status == (isSeen ? 200 : 404), "\(sender) \(marker) \(path): \(answer.text)")
                        #expect(SightFixture.markers(in: answer.text) == (isSeen ? [marker] : []), "\(sender) \(path)")
                    }
                    for path in [
                        "/tasks/\(place.task)/history", "/workflows/\(place.workflow)", "/workflows/\(place.workflow)/versions",
                        "/workflows/\(place.workflow)/versions/1.0.0", "/workflows/\(place.workflow)/graph",
                        "/workflows/\(place.workflow)/graph?task_id=\(place.task)",
                        "/workflows/\(place.workflow)/state/\(place.task)",
                    ] {
                        let answer = try await fixture.send(.GET, path, as: sender)
                        #expect(answer.status == (isSeen ? 200 : 404), "\(sender) \(marker) \(path): \(answer.text)")
                    }
                    // As if there were none of that name.
                    let hidden = try await fixture.send(.GET, "/workflows/\(place.workflow)", as: sender)
                    let missing = try await fixture.send(.GET, "/workflows/flow-none", as: sender)
                    if !isSeen {
                        #expect(hidden.text == missing.text.replacing("flow-none", with: place.workflow))
                    }
                }
            }
        }
    }

    /// The rows stay as they are: each request that may be made names another version than the row has.
    @Test func actingTakesSightAndAccess() async throws {
        try await SightFixture.with { fixture in
            let before = try await fixture.api.rowCounts()
            for sender in Sender.allCases {
                for (marker, place) in fixture.places {
                    func expectation(_ done: Int) -> Int {
                        guard sender.sees.contains(marker) else { return 404 }
                        return sender.actsOn.contains(marker) ? done : 403
                    }
                    let requests: [(HTTPMethod, String, JSON?)] = [
                        (.POST, "/tasks/\(place.task)/pause", nil), (.POST, "/tasks/\(place.task)/resume", nil),
                        (.POST, "/tasks/\(place.task)/cancel", nil), (.POST, "/tasks/\(place.task)/retry", nil),
                        (.PATCH, "/outputs/\(place.output)", ["content": "by hand"]),
                        (.POST, "/human-tasks/\(place.humanTask)/claim", nil),
                        (.POST, "/human-tasks/\(place.humanTask)/complete", ["data": 1]),
                        (.POST, "/human-tasks/\(place.humanTask)/reassign", ["assignee_id": "x"]),
                        (.POST, "/human-tasks/\(place.humanTask)/cancel", nil),
                        (.PATCH, "/schedules/\(place.schedule)", ["cron": "0 1 1 1 *"]),
                        (.PATCH, "/workflows/\(place.workflow)/versions/1.0.0", ["tags": ["x"]]),
                    ]
                    for (method, path, body) in requests {
                        let answer = try await fixture.send(method, path, body, as: sender, headers: ["if-match": "\"999\""])
                        #expect(answer.status == expectation(412), "\(sender) \(marker) \(method) \(path): \(answer.text)")
                        // The name of a workflow is the sender's own word.
                        if !path.hasPrefix("/workflows") {
                            #expect(SightFixture.markers(in: answer.text).isSubset(of: sender.sees))
                        }
                    }
                    for path in ["/tasks/\(place.task)", "/schedules/\(place.schedule)"] {
                        let answer = try await fixture.send(.DELETE, path, as: sender, headers: ["if-match": "\"999\""])
                        #expect(answer.status == (sender == .root ? 412 : 403), "\(sender) \(path): \(answer.text)")
                    }
                }
            }
            #expect(try await fixture.api.rowCounts() == before)
            for sender in Sender.allCases {
                for (marker, place) in fixture.places {
                    let isSeen = sender.sees.contains(marker)
                    let done = isSeen ? sender.actsOn.contains(marker) ? 202 : 403 : 404
                    for (path, body) in [
                        ("events", ["data": "note"]), ("signals/go", ["data": 1]), ("fork", ["phase": "ask"]),
                    ] as [(String, JSON)] {
                        let answer = try await fixture.send(.POST, "/tasks/\(place.task)/\(path)", body, as: sender)
                        #expect(answer.status == done, "\(sender) \(marker) \(path): \(answer.text)")
                    }
                }
            }
        }
    }

    @Test func tasksAndSchedulesAreOfWhatIsSeen() async throws {
        try await SightFixture.with { fixture in
            for sender in Sender.allCases {
                for (marker, place) in fixture.places {
                    let isSeen = sender.sees.contains(marker)
                    let started = try await fixture.send(
                        .POST, "/tasks", ["workflow": .string(place.workflow), "input": ["topic": .string(marker.rawValue)]] as JSON,
                        as: sender)
                    let missing = try await fixture.send(.POST, "/tasks", ["workflow": "flow-none"] as JSON, as: sender)
                    #expect(started.status == (isSeen ? 202 : missing.status), "\(sender) \(marker): \(started.text)")
                    if isSeen {
                        let workspace = marker == .tundra ? nil : fixture.workspaces[marker == .birch ? "B" : "A"]
                        #expect(started.json["workspace_id"] == (workspace.map { JSON.string($0.text) } ?? .null))
                    }
                    let schedule = try await fixture.send(
                        .POST, "/schedules", ["workflow": .string(place.workflow), "cron": "0 0 1 1 *"] as JSON, as: sender)
                    let isOthers = marker == .cobalt && sender != .cyd
                    let allowed = !sender.actsOn.contains(marker) ? 403 : isOthers ? 422 : 201
                    #expect(schedule.status == (isSeen ? allowed : missing.status), "\(sender) \(marker): \(schedule.text)")
                }
            }
            let (a, b) = (fixture.workspaces["A"]?.text ?? "", fixture.workspaces["B"]?.text ?? "")
            for (workspace, status) in [(a, 202), (b, 422)] {
                let answer = try await fixture.send(
                    .POST, "/tasks", ["workflow": "flow-amber", "workspace_id": .string(workspace)] as JSON, as: .ann)
                #expect(answer.status == status, "\(answer.text)")
                if status == 422 { #expect(answer.pointers == ["/workspace_id"]) }
            }
        }
    }

    @Test func namesAreTakenWithoutDetails() async throws {
        try await SightFixture.with { fixture in
            let (a, b) = (fixture.workspaces["A"]?.text ?? "", fixture.workspaces["B"]?.text ?? "")
            func publish(_ name: String, _ version: String, _ query: String, as sender: SightFixture.Sender) async throws -> Answer {
                try await fixture.send(
                    .POST, "/workflows\(query)", SightFixture.definition(name, version: version, text: "granite"), as: sender)
            }
            // Of a private one, and of one in another workspace.
            for (name, query, sender) in [
                ("flow-cobalt", "", Sender.ann), ("flow-cobalt", "?workspace_id=\(a)", .ann), ("flow-cobalt", "", .out),
                ("flow-amber", "", .bea), ("flow-birch", "", .cyd), ("flow-birch", "", .two),
            ] {
                for version in ["1.0.0", "2.0.0"] {
                    let answer = try await publish(name, version, query, as: sender)
                    #expect(answer.status == 409, "\(sender) \(name) \(query): \(answer.text)")
                    #expect(!answer.text.contains("cyd") && !answer.text.contains("workspace") && !answer.text.contains("private"))
                }
            }
            // One that is seen is in its workspace, whatever the request says.
            #expect(try await publish("flow-amber", "3.0.0", "?workspace_id=\(b)", as: .root).status == 409)
            #expect(try await publish("new", "1.0.0", "?workspace_id=\(a)", as: .bea).status == 422)
            #expect(try await publish("new", "1.0.0", "?workspace_id=\(UUID().text)", as: .root).status == 422)
            #expect(try await publish("new", "1.0.0", "?workspace_id=\(a)", as: .rob).status == 403)
            #expect(try await publish("flow-amber", "3.0.0", "", as: .rob).status == 403)

            let next = try await publish("flow-amber", "2.0.0", "", as: .cyd)
            #expect(next.status == 201 && next.json["workspace_id"] == .string(a) && next.json["is_public"] == false, "\(next.text)")
            #expect(try await fixture.send(.GET, "/workflows/flow-amber", as: .cyd).json["version"] == "2.0.0")
            #expect(try await fixture.send(.GET, "/workflows/flow-amber", as: .rob).json["version"] == "1.0.0")
            #expect(try await publish("flow-amber", "2.0.0", "", as: .ann).status == 409)
            let narrowed = try await publish("new", "1.0.0", "", as: .two)
            #expect(narrowed.status == 201 && narrowed.json["workspace_id"] == .string(a), "\(narrowed.text)")

            // Who sees a version is for its creator and admins to say.
            let path = "/workflows/flow-amber/versions/"
            for (version, sender, status) in [("1.0.0", Sender.cyd, 403), ("2.0.0", .cyd, 200), ("2.0.0", .max, 200)] {
                let answer = try await fixture.send(.PATCH, path + version, ["is_public": true] as JSON, as: sender)
                #expect(answer.status == status, "\(sender) \(version): \(answer.text)")
            }
            #expect(try await fixture.send(.GET, "/workflows/flow-amber", as: .rob).json["version"] == "2.0.0")
        }
    }

    @Test func idempotencyKeysAreEachUsersOwn() async throws {
        try await SightFixture.with { fixture in
            let cobalt = try #require(fixture.places[.cobalt])
            let key = ["idempotency-key": "k1"]
            let body: JSON = ["workflow": "flow-cobalt", "input": ["topic": "cobalt"]]
            let first = try await fixture.send(.POST, "/tasks", body, as: .cyd, headers: key)
            #expect(first.status == 202)
            let again = try await fixture.send(.POST, "/tasks", body, as: .cyd, headers: key)
            #expect(again.status == 202 && again.json["task_id"] == first.json["task_id"])
            // Another user's request is answered as if the key were new, whether or not that user sees the first one's result.
            let other: JSON = ["workflow": "flow-amber", "input": ["topic": "amber"]]
            let hidden = try await fixture.send(.POST, "/tasks", body, as: .ann)
            #expect(hidden.status >= 400)
            for sender in [Sender.ann, .bea] {
                let answer = try await fixture.send(.POST, "/tasks", body, as: sender, headers: key)
                #expect(answer.status == hidden.status && answer.json["detail"] == hidden.json["detail"], "\(sender): \(answer.text)")
            }
            for (sender, body) in [(Sender.ann, other), (.max, body)] {
                let answer = try await fixture.send(.POST, "/tasks", body, as: sender, headers: key)
                #expect(answer.status == 202 && answer.headers["idempotency-replayed"] == [], "\(sender): \(answer.text)")
                #expect(answer.json["task_id"] != first.json["task_id"] && answer.json["created_by"]?.string == sender.rawValue)
                let again = try await fixture.send(.POST, "/tasks", body, as: sender, headers: key)
                #expect(again.status == 202 && again.text == answer.text && again.headers["idempotency-replayed"] == ["true"])
            }
            #expect(try await fixture.send(.POST, "/tasks", other, as: .max, headers: key).status == 422)
            let noted = try await fixture.send(
                .POST, "/tasks/\(cobalt.task)/events", ["data": "cobalt"] as JSON, as: .cyd, headers: ["idempotency-key": "k2"])
            #expect(noted.status == 202)
            let published = try await fixture.send(
                .POST, "/workflows?workspace_id=\(fixture.workspaces["A"]?.text ?? "")",
                SightFixture.definition("flow-cobalt", version: "1.1.0", text: "cobalt"), as: .cyd, headers: ["idempotency-key": "k3"])
            #expect(published.status == 201)
            for key in ["k2", "k3"] {
                let answer = try await fixture.send(.POST, "/tasks", other, as: .ann, headers: ["idempotency-key": key])
                #expect(answer.status == 202 && !SightFixture.markers(in: answer.text).contains(.cobalt), "\(key): \(answer.text)")
            }
            // What one's own request has made may be hidden by now.
            let workspace = try #require(fixture.workspaces["A"])
            try await fixture.api.store.removeWorkspaceMember(
                Scope(tenantID: "acme", userID: "root"), workspace, .user(Sender.cyd.rawValue))
            let deadline = ContinuousClock.now + .seconds(10)
            // What was read of the user a moment ago may still count.
            while try await fixture.send(.GET, "/workflows/flow-cobalt", as: .cyd).status != 404 {
                try #require(ContinuousClock.now < deadline)
            }
            for (key, path, body) in [
                ("k1", "/tasks", body), ("k1", "/tasks", other), ("k2", "/tasks", other), ("k3", "/tasks", other),
            ] {
                let answer = try await fixture.send(.POST, path, body, as: .cyd, headers: ["idempotency-key": key])
                #expect(answer.status == 409 && SightFixture.markers(in: answer.text).isEmpty, "\(key): \(answer.text)")
            }
        }
    }

    @Test func questionsInAWorkspaceAreItsMembers() async throws {
        try await SightFixture.with { fixture in
            let place = try #require(fixture.places[.amber])
            _ = try await fixture.api.client.query(
                "UPDATE pressroom.human_tasks SET assignee_id = 'rob' WHERE id = \(place.humanTask)::uuid")
            let path = "/human-tasks/\(place.humanTask)"
            let wrong = ["if-match": "\"999\""]
            // The assignee need not be one who may act on the task; an admin of the workspace is one.
            for (sender, status) in [(Sender.ann, 403), (.rob, 412), (.max, 412), (.bea, 404), (.root, 412)] {
                let answer = try await fixture.send(.POST, path + "/claim", as: sender, headers: wrong)
                #expect(answer.status == status, "\(sender): \(answer.text)")
            }
        }
    }

    @Test func aTicketSeesWhatItsMakerSees() async throws {
        try await SightFixture.with { fixture in
            let cobalt = try #require(fixture.places[.cobalt])
            for (sender, sees) in [(Sender.root, Set(Marker.allCases)), (.rob, Sender.rob.sees), (.two, [.amber])] {
                let made = try await fixture.send(
                    .POST, "/stream-tickets", ["conversation_id": "talk"] as JSON, as: sender)
                #expect(made.status == 201, "\(made.text)")
                let ticket = made.json["ticket"]?.string ?? ""
                let list = try await fixture.api.send(.GET, "/api/v1/tasks?ticket=\(ticket)")
                #expect(list.status == 200 && SightFixture.markers(in: list.text) == sees, "\(sender): \(list.text)")
                let state = try await fixture.api.send(.GET, "/api/v1/tasks/\(cobalt.task)/state?ticket=\(ticket)")
                #expect(state.status == (sees.contains(.cobalt) ? 200 : 404))
            }
            let none = try await fixture.send(
                .POST, "/stream-tickets", ["task_id": .string(cobalt.task)] as JSON, as: .ann)
            #expect(none.status == 404)
        }
    }
}
