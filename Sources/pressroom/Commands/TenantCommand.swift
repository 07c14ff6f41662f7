import ArgumentParser
import Base
import Store

struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant",
        abstract: "Adds, lists, limits, suspends and deletes tenants, on the database.",
        subcommands: [TenantCreate.self, TenantList.self, TenantSet.self, TenantSuspend.self, TenantResume.self, TenantDelete.self])
}

struct TenantCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Adds a tenant.")

    @Argument(help: "Its name, of 1 to 128 characters.")
    var name: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let row = try await StoreAccess(configuration: options.load()).withStore { try await $0.createTenant(name) }
        if output.json { return Terminal.write(row.string) }
        Terminal.write("created \(SafeText.line(name))")
    }
}

struct TenantList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the tenants, by name.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let rows = try await StoreAccess(configuration: options.load()).withStore { try await $0.tenants() }
        let tenants = try rows.map { try $0.members() }
        if output.json {
            return Terminal.write(JSON.object(["items": .array(tenants.map(JSON.object)), "next": .null]).text)
        }
        var table = TextTable("TENANT", "STATUS", "CREATED AT")
        for tenant in tenants {
            table.add(
                tenant["tenant_id"]?.string ?? "", tenant["status"]?.string ?? "", tenant["created_at"]?.string ?? "")
        }
        Terminal.write(table.rows.isEmpty ? "no tenants" : table.text)
    }
}

struct TenantSuspend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Lets nothing new start in a tenant. It keeps its rows, and what runs goes on.")

    @Argument(help: "Its name.")
    var name: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let row = try await StoreAccess(configuration: options.load()).withStore {
            try await $0.setTenantStatus(name, .suspended)
        }
        Terminal.write(output.json ? row.string : "suspended \(SafeText.line(name))")
    }
}

struct TenantResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Ends the suspension of a tenant.")

    @Argument(help: "Its name.")
    var name: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let row = try await StoreAccess(configuration: options.load()).withStore {
            try await $0.setTenantStatus(name, .active)
        }
        Terminal.write(output.json ? row.string : "resumed \(SafeText.line(name))")
    }
}

struct TenantDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a tenant with its tasks, workflows, keys and everything else but its audit.")

    @Argument(help: "Its name.")
    var name: String

    @Flag(help: "Required: nothing brings the rows back.")
    var force = false

    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        if !force { throw ValidationError("this deletes everything of the tenant; say so with --force") }
    }

    func run() async throws {
        try await StoreAccess(configuration: options.load()).withStore { try await $0.deleteTenant(name) }
        Terminal.write("deleted \(SafeText.line(name))")
    }
}
