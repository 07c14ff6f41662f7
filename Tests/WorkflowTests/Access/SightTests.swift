import Foundation
import Testing

@testable import Workflow

@Suite struct SightTests {
    private static let red = UUID()
    private static let blue = UUID()

    @Test func itSaysWhatThePrincipalMaySee() throws {
        let levels: [AccessLevel?] = [nil, .read, .write, .admin]
        for (red, blue) in levels.flatMap({ red in levels.map { (red, $0) } }) {
            for only in [nil, Self.red, Self.blue] {
                for isAdmin in [false, true] {
                    let workspaces = [Self.red: red, Self.blue: blue].compactMapValues { $0 }
                    let principal = Principal(
                        mode: .key, tenantID: "acme", userID: "ada", scopes: isAdmin ? [.read, .admin] : [.read],
                        workspaces: workspaces, onlyWorkspaceID: only)
                    let sight = Sight(principal)
                    #expect((sight == nil) == principal.isTenantAdmin)
                    for id in [nil, Self.red, Self.blue, UUID()] {
                        for (isPublic, creator) in [(true, "ada"), (true, "bob"), (false, "ada"), (false, "bob"), (false, nil)] {
                            let thing = Guarded(workspaceID: id, isPublic: isPublic, createdBy: creator)
                            #expect((sight?.sees(thing) ?? true) == principal.maySee(thing), "\(thing) \(principal)")
                        }
                    }
                }
            }
        }
        #expect(Sight(.local) == nil)
    }

    @Test func ticketsOfAdminsSeeWhatAdminsSee() {
        func ticket(madeWith scopes: Set<AccessScope>) -> Principal {
            Principal(
                mode: .ticket, tenantID: "acme", userID: "ada", scopes: [.stream], ticket: TicketLimits(workflow: "w"),
                makerScopes: scopes)
        }
        #expect(Sight(ticket(madeWith: [.read]))?.sees(workspaceID: Self.red, privateTo: nil) == false)
        #expect(Sight(ticket(madeWith: [.read, .admin])) == nil)
    }

    @Test func whatHasNoSenderSeesItsWorkspaceAndItsAuthorsOwn() {
        let placed = Sight.ofWorkspace(Self.red, author: "ada")
        #expect(placed.sees(workspaceID: Self.red, privateTo: nil) && placed.sees(workspaceID: Self.red, privateTo: "ada"))
        #expect(placed.sees(workspaceID: nil, privateTo: nil) && !placed.sees(workspaceID: Self.red, privateTo: "bob"))
        #expect(!placed.sees(workspaceID: Self.blue, privateTo: nil) && !placed.sees(workspaceID: Self.blue, privateTo: "ada"))
        // Of an unknown creator, for an unknown author.
        #expect(!Sight.ofWorkspace(Self.red, author: nil).sees(workspaceID: Self.red, privateTo: ""))
        #expect(!Sight.ofWorkspace(nil, author: "ada").sees(workspaceID: Self.red, privateTo: nil))
    }
}
