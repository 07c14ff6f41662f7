import Testing
import Workflow

@Suite("Which addresses may be asked")
struct AddressRulesTests {
    @Test("Public addresses are permitted", arguments: [
        "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.1", "192.167.255.255", "223.255.255.255",
        "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1",
    ])
    func open(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(AddressRules().permit(address, host: "example.com", port: 443))
    }

    @Test("Those of this machine, this network or a special purpose are not", arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "4000::1", "fc00::1",
        "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    ])
    func closed(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!AddressRules().permit(address, host: "example.com", port: 443))
    }

    @Test("Only whole addresses are addresses", arguments: [
        "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "1.2.3", "256.1.1.1", "::1%lo", "[::1]", "", " 1.1.1.1", "localhost",
    ])
    func noAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("An exception covers its block, its host and its port, and nothing beside", arguments: [
        ("10.1.0.0/16", "10.1.255.255", "a", 1, true), ("10.1.0.0/16", "10.2.0.0", "a", 1, false),
        ("127.0.0.1:9000", "127.0.0.1", "a", 9000, true), ("127.0.0.1:9000", "127.0.0.1", "a", 9001, false),
        ("127.0.0.1:9000", "127.0.0.2", "a", 9000, false), ("127.0.0.1", "127.0.0.1", "a", 7, true),
        ("127.0.0.1", "::ffff:127.0.0.1", "a", 7, true), ("[::1]:9000", "::1", "a", 9000, true), ("[::1]:9000", "::1", "a", 80, false),
        ("[fd00::/8]:80", "fd12::1", "a", 80, true), ("fd00::/8", "fe00::1", "a", 80, false), ("::1", "::1", "a", 5, true),
        ("0.0.0.0/0", "10.0.0.1", "a", 5, true), ("0.0.0.0/0", "::1", "a", 5, false),
        ("Intranet", "10.0.0.1", "intranet", 80, true), ("intranet:8080", "10.0.0.1", "INTRANET", 8080, true),
        ("intranet:8080", "10.0.0.1", "intranet", 80, false), ("intranet", "10.0.0.1", "other.intranet", 80, false),
    ])
    func exceptions(entry: String, address: String, host: String, port: Int, isPermitted: Bool) throws {
        let rules = AddressRules(exceptions: [try #require(AddressRules.Exception(entry))])
        #expect(rules.permit(try #require(IPAddress(address)), host: host, port: port) == isPermitted)
    }

    @Test("What is no exception is refused", arguments: [
        "", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "[::1", "[::1]9000",
        "[127.0.0.1]:80", "127.1", "a b", "-a", "http://a", "a/b", "fd00::/129",
    ])
    func noException(entry: String) {
        #expect(AddressRules.Exception(entry) == nil)
    }
}
