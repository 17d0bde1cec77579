import Testing

@testable import HTTP

struct HTTPEndpointTests {
    @Test(arguments: [
        (
            "http://127.0.0.1:3100/loki/api/v1/push", HTTPEndpoint.Location.tcp(host: "127.0.0.1", port: 3100), "/loki/api/v1/push",
            "127.0.0.1:3100"
        ),
        ("HTTP://Loki", .tcp(host: "Loki", port: 80), "/", "Loki"),
        ("http://[::1]:8080?q", .tcp(host: "::1", port: 8080), "/?q", "[::1]:8080"),
        ("http://[fe80::1%25eth0]/", .tcp(host: "fe80::1%25eth0", port: 80), "/", "[fe80::1%25eth0]"),
        ("unix:/run/loki.sock", .unix(path: "/run/loki.sock"), "/", "localhost"),
        ("unix:/run/loki.sock:/loki/api/v1/push?x", .unix(path: "/run/loki.sock"), "/loki/api/v1/push?x", "localhost"),
        ("http+unix://%2Frun%2Floki.sock/loki/api/v1/push?x", .unix(path: "/run/loki.sock"), "/loki/api/v1/push?x", "localhost"),
        ("HTTP+UNIX://%2frun%2fa%20b", .unix(path: "/run/a b"), "/", "localhost"),
        ("unix:/run/a:b.sock", .unix(path: "/run/a:b.sock"), "/", "localhost"),
    ])
    func `a URL names location, target and authority`(url: String, location: HTTPEndpoint.Location, target: String, authority: String)
        throws
    {
        let endpoint = try HTTPEndpoint(url: url)
        #expect(endpoint.location == location)
        #expect(endpoint.target == target)
        #expect(endpoint.authority == authority)
    }

    @Test(arguments: [
        ("", HTTPEndpointError.unsupportedScheme(url: "")),
        ("127.0.0.1:3100", .unsupportedScheme(url: "127.0.0.1:3100")),
        ("ftp://x", .unsupportedScheme(url: "ftp://x")),
        ("https://x:0/", .badPort(url: "https://x:0/", port: "0")),
        ("http://", .noHost(url: "http://")),
        ("http://:80/", .noHost(url: "http://:80/")),
        ("http://a b/", .badHost(url: "http://a b/", host: "a b")),
        ("http://[127.0.0.1]/", .badHost(url: "http://[127.0.0.1]/", host: "127.0.0.1")),
        ("http://[::1/", .badHost(url: "http://[::1/", host: "[::1")),
        ("http://[::1]x/", .badHost(url: "http://[::1]x/", host: "[::1]x")),
        ("http://x:0/", .badPort(url: "http://x:0/", port: "0")),
        ("http://x:65536/", .badPort(url: "http://x:65536/", port: "65536")),
        ("http://x:/", .badPort(url: "http://x:/", port: "")),
        ("http://x:+1/", .badPort(url: "http://x:+1/", port: "+1")),
        ("http://x/a b", .badTarget(url: "http://x/a b", target: "/a b")),
        ("http://x/a#b", .badTarget(url: "http://x/a#b", target: "/a#b")),
        ("http://x/\r\nEvil: y", .badTarget(url: "http://x/\r\nEvil: y", target: "/\r\nEvil: y")),
        ("http://user:secret@x/", .credentialsInURL),
        ("unix:relative.sock", .unixPathNotAbsolute(url: "unix:relative.sock")),
        ("http+unix://", .badUnixAuthority(url: "http+unix://")),
        ("http+unix:///run/loki.sock", .badUnixAuthority(url: "http+unix:///run/loki.sock")),
        ("http+unix://%2", .badUnixAuthority(url: "http+unix://%2")),
        ("http+unix://%2Frun%00/", .badUnixAuthority(url: "http+unix://%2Frun%00/")),
        ("http+unix://run/", .unixPathNotAbsolute(url: "http+unix://run/")),
        ("unix:/" + String(repeating: "a", count: 107), .unixPathTooLong(path: "/" + String(repeating: "a", count: 107), limitBytes: 107)),
    ])
    func `a URL that is no endpoint is refused with its reason`(url: String, error: HTTPEndpointError) {
        #expect(throws: error) { try HTTPEndpoint(url: url) }
    }

    @Test func `https means TLS and another port`() throws {
        let endpoint = try HTTPEndpoint(url: "HTTPS://loki.example/push")
        #expect(endpoint.isSecure)
        #expect(endpoint.location == .tcp(host: "loki.example", port: 443))
        #expect(endpoint.authority == "loki.example")
        #expect(try !HTTPEndpoint(url: "http://loki.example:443/push").isSecure)
    }

    @Test func `a refused URL with credentials does not print them`() {
        let error = #expect(throws: HTTPEndpointError.self) { try HTTPEndpoint(url: "http://user:secret@x/") }
        #expect(error?.description.contains("secret") == false)
    }
}
