import Foundation
import Testing

@testable import Workflow

@Suite struct PrincipalTests {
    private static let red = UUID()
    private static let blue = UUID()

    private func user(
        _ scopes: Set<AccessScope>, groups: Set<String> = [], workspaces: [UUID: AccessLevel] = [:], only: UUID? = nil,
        suspended: Bool = false
    ) -> Principal {
        Principal(
            mode: .key, tenantID: "acme", userID: "ada", groups: groups, scopes: scopes, keyID: "k", workspaces: workspaces,
            onlyWorkspaceID: only, isTenantSuspended: suspended)
    }

    @Test func scopesAreGrantedOneByOne() {
        let reader = user([.read])
        #expect(reader.has(.read) && reader.has(.stream))
        #expect(!reader.has(.write) && !reader.has(.admin) && !reader.has(.act))
        #expect(!user([.write]).has(.read) && !user([.stream]).has(.read))
        #expect(!user([.admin]).has(.write))
    }

    @Test func whatIsInNoWorkspaceIsTheTenants() {
        #expect(user([.read]).maySee(Guarded()))
        #expect(user([.read], workspaces: [Self.red: .read]).maySee(Guarded(isPublic: false, createdBy: "bob")))
        #expect(!user([.read], workspaces: [Self.red: .admin], only: Self.red).maySee(Guarded()))
    }

    @Test(arguments: [AccessLevel.read, .write, .admin]) func privateWorkflowsAreForCreatorsAndAdmins(_ level: AccessLevel) {
        let member = user([.read, .write], workspaces: [Self.red: level])
        #expect(member.maySee(Guarded(workspaceID: Self.red, isPublic: true, createdBy: "bob")))
        #expect(member.maySee(Guarded(workspaceID: Self.red, isPublic: false, createdBy: "ada")))
        #expect(member.maySee(Guarded(workspaceID: Self.red, isPublic: false, createdBy: "bob")) == (level == .admin))
        #expect(!member.maySee(Guarded(workspaceID: Self.blue, isPublic: true, createdBy: "ada")))
    }

    @Test func startingTakesReadAndActingTakesWrite() {
        let workflow = Guarded(workspaceID: Self.red, isPublic: true, createdBy: "bob")
        let reader = user([.read, .write], workspaces: [Self.red: .read])
        #expect(reader.mayStart(workflow) && !reader.mayAct(on: workflow) && !reader.mayPublish(inWorkspace: Self.red))
        let writer = user([.read, .write], workspaces: [Self.red: .write])
        #expect(writer.mayAct(on: workflow) && writer.mayPublish(inWorkspace: Self.red) && !writer.mayManage(workspace: Self.red))
        #expect(!user([.read], workspaces: [Self.red: .admin]).mayStart(workflow))
        #expect(!user([.write], workspaces: [Self.red: .read], suspended: true).mayStart(workflow))
        #expect(user([.read], workspaces: [Self.red: .admin]).mayManage(workspace: Self.red))
    }

    @Test func tenantAdminsSeeAllUnlessNarrowed() {
        #expect(user([.admin, .read]).maySee(Guarded(workspaceID: Self.blue, createdBy: "bob")))
        let narrowed = user([.admin, .read], workspaces: [Self.red: .read], only: Self.red)
        #expect(!narrowed.isTenantAdmin && narrowed.access(toWorkspace: Self.red) == .read)
        #expect(narrowed.access(toWorkspace: Self.blue) == nil && narrowed.access(toWorkspace: nil) == nil)
        let ticket = Principal(
            mode: .ticket, tenantID: "acme", userID: "ada", scopes: [.admin], ticket: TicketLimits(workflow: "w"))
        #expect(!ticket.isTenantAdmin)
    }

    @Test func questionsAreForTheirAssigneeGroupAndAdmins() {
        let ada = user([.write], groups: ["editors"])
        #expect(ada.mayAnswer(assigneeID: "ada", assigneeGroup: nil) && ada.mayAnswer(assigneeID: nil, assigneeGroup: "editors"))
        #expect(!ada.mayAnswer(assigneeID: "bob", assigneeGroup: nil) && !ada.mayAnswer(assigneeID: nil, assigneeGroup: "judges"))
        #expect(ada.mayAnswer(assigneeID: nil, assigneeGroup: nil))
        #expect(user([.write, .admin]).mayAnswer(assigneeID: "bob", assigneeGroup: "judges"))
        #expect(!user([.read]).mayAnswer(assigneeID: "ada", assigneeGroup: nil))
    }

    @Test func theLocalUserMayDoEverything() {
        #expect(AccessScope.allCases.allSatisfy(Principal.local.has))
        #expect(Principal.local.isTenantAdmin && Principal.local.mayNameOtherUsers && Principal.local.actor == "user:local")
        #expect(user([.read]).actor == "user:ada key:k" && !user([.read]).mayNameOtherUsers && user([.act]).mayNameOtherUsers)
    }
}
