import Foundation
import TestSupport
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1)))
struct HTTPProxyTests {
    private func withServer(_ body: (HTTPServer) throws -> Void) throws {
        let server = try HTTPServer(settings: HTTPServerSettings(listen: "127.0.0.1:0")) { request in
            .text("\(request.headers.first("Host") ?? "") \(request.target) \(String(decoding: request.body, as: UTF8.self))")
        }
        try server.start()
        defer { server.stop(drainNanoseconds: 0) }
        try body(server)
    }

    @Test func `a plain request goes to the proxy in absolute form, with its credentials`() throws {
        try withServer { server in
            let proxy = try ForwardProxy(targetPort: server.port, authorization: "Basic dTpwIHc=")
            defer { proxy.stop() }
            let client = try HTTPClient(
                endpoint: HTTPEndpoint(url: "http://loki.test:3100/push"), proxy: HTTPProxy(url: "http://u:p%20w@127.0.0.1:\(proxy.port)"))
            for _ in 0..<2 {
                let answer = try client.send(method: .post, bytes: Array("body".utf8), timeoutNanoseconds: 20 * second)
                #expect(answer.bodyText == "loki.test:3100 /push body\n")
            }
            let request = ForwardProxy.Request(line: "POST http://loki.test:3100/push HTTP/1.1", authorization: "Basic dTpwIHc=")
            #expect(proxy.requests == [request, request])
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
    func `a secure endpoint is reached by a tunnel, and what goes through it is for nobody else`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            var settings = HTTPServerSettings(listen: "127.0.0.1:0")
            settings.tls = TLSServerSettings(identity: certificates.server)
            let server = try HTTPServer(settings: settings) { .text("\($0.target) \($0.headers.contains("Proxy-Authorization"))") }
            try server.start()
            let proxy = try ForwardProxy(targetPort: server.port, authorization: "Basic dTpw")
            defer {
                proxy.stop()
                server.stop(drainNanoseconds: 0)
            }
            func client(_ user: String) throws -> HTTPClient {
                try HTTPClient(
                    endpoint: HTTPEndpoint(url: "https://loki.test/push"),
                    tls: TLSClientSettings(authoritiesFile: certificates.authority, serverName: "localhost"),
                    proxy: HTTPProxy(url: "127.0.0.1:\(proxy.port)").authorized(username: user, password: "p"))
            }
            let good = try client("u")
            for _ in 0..<2 { #expect(try good.send(method: .get, timeoutNanoseconds: 20 * second).bodyText == "/push false\n") }
            #expect(proxy.requests == [.init(line: "CONNECT loki.test:443 HTTP/1.1", authorization: "Basic dTpw")])
            let stranger = try client("x")
            let error = #expect(throws: HTTPClientError.self) { try stranger.send(method: .get, timeoutNanoseconds: 20 * second) }
            #expect(
                error?.description
                    == "the proxy 127.0.0.1:\(proxy.port) wants to know who asks for loki.test:443: give it a user name and a password that it knows"
            )
            proxy.refuse(with: 403)
            let refused = #expect(throws: HTTPClientError.self) { try stranger.send(method: .get, timeoutNanoseconds: 20 * second) }
            #expect(refused == .proxyRefused(proxy: "127.0.0.1:\(proxy.port)", target: "loki.test:443", status: 403))
        }
    }

    @Test func `a proxy that is not there is named`() throws {
        let gone = try ForwardProxy(targetPort: 1)
        gone.stop()
        try waitUntil("the proxy to be gone") {
            let client = try HTTPClient(
                endpoint: HTTPEndpoint(url: "http://loki.test/"), proxy: HTTPProxy(url: "127.0.0.1:\(gone.port)"))
            let error = #expect(throws: HTTPClientError.self) { try client.send(method: .get, timeoutNanoseconds: 20 * second) }
            return error?.description == "cannot connect to the proxy 127.0.0.1:\(gone.port): Connection refused"
        }
    }

    @Test(
        arguments: [
            ("http://proxy:3128", "proxy:3128"), ("http://proxy:3128/", "proxy:3128"), ("HTTP://proxy", "proxy:80"),
            ("proxy:3128", "proxy:3128"), ("http://u:p@proxy:1", "proxy:1"), ("http://[::1]:3128", "[::1]:3128"), ("u@proxy", "proxy:80"),
        ] as [(String, String)])
    func `the address of a proxy`(url: String, address: String) throws {
        let proxy = try HTTPProxy(url: url)
        #expect(proxy.description == address)
        #expect(proxy.hasCredentials == url.contains("@"))
        #expect(!"\(proxy.authorization.map { "\($0)" } ?? "")".contains("Basic"))
    }

    @Test(
        arguments: [
            ("https://proxy:3128", .unsupportedScheme("https")), ("socks5://proxy:1080", .unsupportedScheme("socks5")), ("", .badAddress),
            ("http://", .badAddress), ("http://proxy:0", .badAddress), ("http://proxy:99999", .badAddress),
            ("http://proxy:3128/path", .badAddress), ("http://u%zz:p@proxy", .badCredentials), ("http://a b", .badAddress),
        ] as [(String, HTTPProxyError)])
    func `what is no proxy`(url: String, error: HTTPProxyError) {
        #expect(throws: error) { try HTTPProxy(url: url) }
    }

    @Test(
        arguments: [
            ("http://loki/p", [:], nil), ("http://loki/p", ["HTTP_PROXY": "a:1"], "a:1"), ("http://loki/p", ["http_proxy": "b:1"], "b:1"),
            ("http://loki/p", ["HTTP_PROXY": "a:1", "http_proxy": "b:1"], "a:1"),
            ("http://loki/p", ["HTTP_PROXY": "", "http_proxy": "b:1"], "b:1"), ("http://loki/p", ["HTTPS_PROXY": "a:1"], nil),
            ("https://loki/p", ["HTTPS_PROXY": "a:1", "HTTP_PROXY": "b:1"], "a:1"), ("https://loki/p", ["https_proxy": "a:1"], "a:1"),
            ("http://loki/p", ["HTTP_PROXY": "a:1", "NO_PROXY": "x,loki"], nil),
            ("http://loki/p", ["HTTP_PROXY": "a:1", "no_proxy": "*"], nil),
            ("http://loki:81/p", ["HTTP_PROXY": "a:1", "NO_PROXY": "loki:80"], "a:1"),
            // This machine is spoken to directly.
            ("http://127.0.0.1:3100/p", ["HTTP_PROXY": "a:1"], nil), ("http://localhost:3100/p", ["HTTP_PROXY": "a:1"], nil),
            ("https://[::1]:3100/p", ["HTTPS_PROXY": "a:1"], nil), ("http://x.localhost/p", ["HTTP_PROXY": "a:1"], nil),
            ("unix:/run/loki.sock:/p", ["HTTP_PROXY": "a:1", "HTTPS_PROXY": "a:1"], nil),
        ] as [(String, [String: String], String?)])
    func `the environment says which proxy is asked`(url: String, environment: [String: String], proxy: String?) throws {
        let found = try HTTPProxy.fromEnvironment({ environment[$0] }, for: HTTPEndpoint(url: url))
        #expect(found?.description == proxy)
    }

    @Test func `a variable that holds no proxy is named`() throws {
        let endpoint = try HTTPEndpoint(url: "http://loki/p")
        #expect(throws: HTTPProxy.EnvironmentError(variable: "http_proxy", cause: .unsupportedScheme("socks5"))) {
            try HTTPProxy.fromEnvironment({ $0 == "http_proxy" ? "socks5://u:secret@x" : nil }, for: endpoint)
        }
    }
}

struct ProxyBypassTests {
    @Test(
        arguments: [
            ("*", "anything", 80, true), ("", "loki", 80, false), ("loki", "loki", 80, true), ("LOKI", "loki", 80, true),
            ("loki", "LOKI.", 80, true), ("example.com", "loki.example.com", 80, true), ("example.com", "notexample.com", 80, false),
            (".example.com", "loki.example.com", 80, true), (".example.com", "example.com", 80, false),
            ("*.example.com", "loki.example.com", 80, true), ("*.example.com", "example.com", 80, false),
            ("loki:3100", "loki", 3100, true), ("loki:3100", "loki", 3101, false), ("a, b loki", "loki", 80, true),
            ("192.0.2.7", "192.0.2.7", 80, true), ("192.0.2.7:81", "192.0.2.7", 80, false), ("192.0.2.0/24", "192.0.2.9", 80, true),
            ("192.0.2.0/24", "192.0.3.9", 80, false), ("192.0.2.128/25", "192.0.2.127", 80, false), ("0.0.0.0/0", "203.0.113.1", 80, true),
            ("0.0.0.0/0", "loki", 80, false), ("0.0.0.0/0", "::1", 80, false), ("2001:db8::/32", "2001:db8:1::1", 80, true),
            ("2001:db8::/32", "2001:db9::1", 80, false), ("2001:db8::7", "2001:db8:0::7", 80, true),
            ("[2001:db8::7]:3100", "2001:db8::7", 3100, true), ("127.0.0.1", "::ffff:127.0.0.1", 80, true),
            ("2.7", "192.0.2.7", 80, false),
        ] as [(String, String, Int, Bool)])
    func `a rule covers`(rules: String, host: String, port: Int, isCovered: Bool) {
        #expect(ProxyBypass(rules).covers(host: host, port: port) == isCovered)
    }

    @Test func `parts that are no rule are named, and the others hold`() {
        let bypass = ProxyBypass("a/b, 192.0.2.0/33, loki, x:y, http://z")
        #expect(bypass.unreadable == ["a/b", "192.0.2.0/33", "x:y", "http://z"])
        #expect(bypass.covers(host: "loki", port: 1))
    }

    @Test(
        arguments: [
            ("localhost", true), ("LOCALHOST", true), ("a.localhost", true), ("127.3.2.1", true), ("::1", true), ("::ffff:127.0.0.1", true),
            ("localhost.example", false), ("128.0.0.1", false), ("::2", false), ("notlocalhost", false),
        ])
    func `what is this machine`(host: String, isLoopback: Bool) {
        #expect(ProxyBypass.isLoopback(host) == isLoopback)
    }
}
