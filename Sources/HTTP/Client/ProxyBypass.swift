/// Which hosts are not asked by way of a proxy: the rules of `NO_PROXY`, separated by commas or spaces.
///
/// | rule | covers |
/// |---|---|
/// | `*` | every host |
/// | `example.com` | that name and all below it |
/// | `.example.com`, `*.example.com` | all names below it |
/// | `192.0.2.7`, `[2001:db8::7]`, `2001:db8::7` | that address |
/// | `192.0.2.0/24`, `2001:db8::/32` | the addresses of that network |
///
/// Each may end in `:port`, and then holds for that port only. A host that is given by name is not looked up: rules of addresses
/// cover hosts that are given by address.
package struct ProxyBypass: Equatable, Sendable {
    private struct Rule: Equatable, Sendable {
        enum Hosts: Equatable, Sendable {
            case all
            /// In small letters.
            case name(String, includesItself: Bool)
            case network(NetworkAddress, prefixBits: Int)
        }

        let hosts: Hosts
        let port: Int?
    }

    private var rules: [Rule] = []
    /// Parts that are no rule, in order.
    package private(set) var unreadable: [String] = []

    package init(_ text: String) {
        for part in text.split(whereSeparator: { ", \t".contains($0) }) {
            if let rule = Self.rule(part) { rules.append(rule) } else { unreadable.append(String(part)) }
        }
    }

    package func covers(host: String, port: Int) -> Bool {
        let name = Self.canonical(host)
        let address = NetworkAddress(name)
        return rules.contains { rule in
            if let only = rule.port, only != port { return false }
            switch rule.hosts {
            case .all: return true
            case .name(let suffix, let includesItself):
                return address == nil && (includesItself && name == suffix || name.hasSuffix("." + suffix))
            case .network(let network, let bits): return address?.hasPrefix(network, bits: bits) == true
            }
        }
    }

    /// `localhost`, names below it (RFC 6761 §6.3), 127.0.0.0/8 and ::1.
    package static func isLoopback(_ host: String) -> Bool {
        let name = canonical(host)
        return name == "localhost" || name.hasSuffix(".localhost") || NetworkAddress(name)?.isLoopback == true
    }

    private static func rule(_ text: Substring) -> Rule? {
        if text == "*" { return Rule(hosts: .all, port: nil) }
        if let slash = text.firstIndex(of: "/") {
            guard let network = NetworkAddress(text[..<slash]), let bits = ASCIIText.decimal(text[text.index(after: slash)...]),
                bits <= 8 * network.bytes.count
            else { return nil }
            return Rule(hosts: .network(network, prefixBits: bits), port: nil)
        }
        if let address = NetworkAddress(text) { return Rule(hosts: .network(address, prefixBits: 8 * address.bytes.count), port: nil) }
        var rest = text
        let isBelow = rest.hasPrefix(".") || rest.hasPrefix("*.")
        if isBelow { rest = rest[rest.index(after: rest.firstIndex(of: ".") ?? rest.startIndex)...] }
        guard let (host, port) = try? HostAndPort.split(rest, refuse: { _ throws(HTTPProxyError) in throw .badAddress }) else { return nil }
        if let address = NetworkAddress(host) {
            return isBelow ? nil : Rule(hosts: .network(address, prefixBits: 8 * address.bytes.count), port: port)
        }
        return Rule(hosts: .name(canonical(host), includesItself: !isBelow), port: port)
    }

    /// In small letters, without the dot at the end of a whole name.
    private static func canonical(_ host: String) -> String {
        let name = host.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}
