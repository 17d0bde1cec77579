import Foundation
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1)), .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
struct TLSTests {
    private func withServer<Result>(mutual: Bool = false, _ body: (HTTPServer, TestCertificates) throws -> Result) throws -> Result {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            var settings = HTTPServerSettings(listen: "127.0.0.1:0")
            settings.limits.bodyBytes = 32 << 20
            settings.tls = TLSServerSettings(identity: certificates.server, clientAuthoritiesFile: mutual ? certificates.authority : nil)
            let server = try HTTPServer(settings: settings) { HTTPResponse(status: 200, body: Array("body:".utf8) + $0.body) }
            try server.start()
            defer { server.stop(drainNanoseconds: 0) }
            return try body(server, certificates)
        }
    }

    private func client(_ server: HTTPServer, host: String = "localhost", _ tls: TLSClientSettings) throws -> HTTPClient {
        try HTTPClient(
            endpoint: HTTPEndpoint(url: "https://\(host):\(server.port)/"), tls: tls, limits: HTTPLimits(bodyBytes: 64 << 20))
    }

    private func get(_ client: HTTPClient) throws -> Int {
        try client.send(method: .get, timeoutNanoseconds: 20 * second).status
    }

    /// Why there was no answer.
    private func refusal(_ client: HTTPClient) -> String {
        let error = #expect(throws: HTTPClientError.self) { try get(client) }
        guard case .insecure(_, let refusal) = error else { return "not refused but: \(String(describing: error))" }
        return refusal.description
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `a trusted server is talked to by name and by address, on one connection`(host: String) throws {
        try withServer { (server, certificates) throws in
            let client = try client(server, host: host, TLSClientSettings(authoritiesFile: certificates.authority))
            for _ in 0..<3 { #expect(try get(client) == 200) }
            #expect(server.statistics.acceptedConnections == 1)
        }
    }

    @Test func `an address may have a zone, and what is no address is said to be none`() throws {
        let context = try TLSContext(client: TLSClientSettings())
        _ = try context.session(over: 0, serverName: "fe80::1%eth0")
        #expect(throws: TLSError.failed("1.2.3.4.5 is no address")) { try context.session(over: 0, serverName: "1.2.3.4.5") }
    }

    @Test func `many megabytes go both ways`() throws {
        let body = patternBytes(20 << 20)
        try withServer { (server, certificates) throws in
            let client = try client(server, TLSClientSettings(authoritiesFile: certificates.authority))
            for _ in 0..<2 {
                let response = try client.send(method: .post, bytes: body, timeoutNanoseconds: 50 * second)
                #expect(response.body == Array("body:".utf8) + body)
            }
            #expect(server.statistics.acceptedConnections == 1)
        }
    }

    @Test func `a server by an unknown authority is refused, unless nothing is verified`() throws {
        try withServer { (server, certificates) throws in
            for settings in [TLSClientSettings(), TLSClientSettings(authoritiesFile: certificates.stranger)] {
                let reason = try refusal(client(server, settings))
                #expect(
                    reason == "the certificate of /CN=server was signed by /CN=ca, which is not trusted: name a file with the authority's"
                        + " certificate, and check that the server sends the ones in between")
            }
            #expect(try get(client(server, TLSClientSettings(verifiesServer: false))) == 200)
            #expect(server.statistics.handledRequests == 1)
        }
    }

    @Test func `a certificate for another name is refused`() throws {
        try withServer { (server, certificates) throws in
            var settings = TLSClientSettings(authoritiesFile: certificates.authority, serverName: "loki.example")
            #expect(
                try refusal(client(server, settings))
                    == "the certificate of /CN=server is not for loki.example, but for localhost, 127.0.0.1: use one of these, or set the server name"
            )
            settings.serverName = "127.0.0.2"
            #expect(try refusal(client(server, settings)).contains("is not for 127.0.0.2, but for localhost, 127.0.0.1"))
            settings.serverName = "localhost"
            #expect(try get(client(server, host: "127.0.0.1", settings)) == 200)
        }
    }

    @Test func `a certificate that has ended is refused with its date`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            var settings = HTTPServerSettings(listen: "127.0.0.1:0")
            settings.tls = TLSServerSettings(identity: try certificates.expired())
            let server = try HTTPServer(settings: settings) { _ in .text("never") }
            try server.start()
            defer { server.stop(drainNanoseconds: 0) }
            let reason = try refusal(client(server, TLSClientSettings(authoritiesFile: certificates.authority)))
            #expect(reason.hasPrefix("the certificate of /CN=expired has ended on ") && reason.hasSuffix(" GMT: it must be renewed"))
        }
    }

    @Test func `a client takes up renewed files when it connects anew`() throws {
        try withServer(mutual: true) { (server, certificates) throws in
            let directory = certificates.directory
            func install(_ authority: String, _ identity: TLSIdentity) throws {
                for (file, name) in [(authority, "own-ca"), (identity.certificateFile, "own.pem"), (identity.keyFile, "own.key")] {
                    try Data(contentsOf: URL(fileURLWithPath: file)).write(
                        to: URL(fileURLWithPath: "\(directory)/\(name)"), options: .atomic)
                }
            }
            try install(certificates.stranger, certificates.strangersClient)
            let client = try client(
                server,
                TLSClientSettings(
                    authoritiesFile: "\(directory)/own-ca",
                    identity: TLSIdentity(certificateFile: "\(directory)/own.pem", keyFile: "\(directory)/own.key")))
            #expect(refusal(client).contains("which is not trusted"))
            try install(certificates.authority, certificates.client)
            #expect(try get(client) == 200)
            // What cannot be used is told, and over once it can.
            try Data("half a renewal".utf8).write(to: URL(fileURLWithPath: "\(directory)/own.pem"))
            client.close()
            #expect(refusal(client).contains("cannot load the certificate from \(directory)/own.pem"))
            try install(certificates.authority, certificates.client)
            #expect(try get(client) == 200)
        }
    }

    @Test func `a listener takes up renewed files for new clients, and keeps the old ones when they cannot be used`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            let next = try certificates.another("next")
            let own = TLSIdentity(certificateFile: "\(directory)/own.pem", keyFile: "\(directory)/own.key")
            func install(_ identity: TLSIdentity) throws {
                for (file, name) in [(identity.certificateFile, own.certificateFile), (identity.keyFile, own.keyFile)] {
                    try Data(contentsOf: URL(fileURLWithPath: file)).write(to: URL(fileURLWithPath: name), options: .atomic)
                }
            }
            try install(try certificates.expired())
            var settings = HTTPServerSettings(listen: "127.0.0.1:0")
            settings.tls = TLSServerSettings(identity: own)
            let told = Mutex<[TLSError?]>([])
            let server = try HTTPServer(settings: settings, certificatesChanged: { change in told.withLock { $0.append(change) } }) { _ in
                .text("")
            }
            try server.start()
            defer { server.stop(drainNanoseconds: 0) }
            let trust = TLSClientSettings(authoritiesFile: certificates.authority)
            #expect(try refusal(client(server, trust)).contains("has ended"))
            try install(next)
            for _ in 0..<2 { #expect(try get(client(server, trust)) == 200) }
            #expect(told.withLock { $0 } == [nil])
            try install(TLSIdentity(certificateFile: next.certificateFile, keyFile: certificates.client.keyFile))
            for _ in 0..<2 { #expect(try get(client(server, trust)) == 200) }
            #expect(told.withLock { $0 } == [nil, .keyMismatch(certificateFile: own.certificateFile, keyFile: own.keyFile)])
        }
    }

    @Test func `a listener with client authorities lets in only their clients`() throws {
        try withServer(mutual: true) { (server, certificates) throws in
            var settings = TLSClientSettings(authoritiesFile: certificates.authority, identity: certificates.client)
            #expect(try get(client(server, settings)) == 200)
            for identity in [nil, certificates.strangersClient] {
                settings.identity = identity
                let stranger = try client(server, settings)
                // In TLS 1.3 the client has finished its handshake before the server looks at its certificate.
                let error = #expect(throws: HTTPClientError.self) { try get(stranger) }
                guard case .closedEarly(_, let detail) = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
                #expect(detail.contains(identity == nil ? "certificate required" : "unknown ca") || detail.contains("reset"))
            }
            #expect(server.statistics.handledRequests == 1)
        }
    }

    @Test func `a plain client and a TLS listener, and the other way round, part at once`() throws {
        try withServer { (server, _) throws in
            let plain = try HTTPClient(endpoint: HTTPEndpoint(url: "http://127.0.0.1:\(server.port)/"))
            #expect(throws: HTTPClientError.self) { try get(plain) }
        }
        let server = try HTTPServer(settings: HTTPServerSettings(listen: "127.0.0.1:0")) { _ in .text("never") }
        try server.start()
        defer { server.stop(drainNanoseconds: 0) }
        #expect(
            try refusal(client(server, TLSClientSettings()))
                == "TLS failed: wrong version number; the server speaks no TLS on this port: check the port, or use http://")
    }

    @Test func `an answer that is cut off is not taken for whole, though only its end tells its length`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            let context = try TLSContext(server: TLSServerSettings(identity: certificates.server))
            let server = try ScriptedServer { socket in
                let session = try context.session(over: socket.rawValue)
                var request = [UInt8](repeating: 0, count: 16 << 10)
                guard case .moved = request.withUnsafeMutableBytes({ session.receive(into: $0) }) else {
                    throw TLSError.failed("no request")
                }
                let answer = Array("HTTP/1.0 200 OK\r\n\r\nhalf".utf8)
                guard case .moved = answer.withUnsafeBytes({ session.send($0) }) else { throw TLSError.failed("no answer") }
                // The end of the TCP connection, which anyone on the way can fake, and not that of TLS.
                socket.finishWriting()
                while try !socket.read().isEmpty {}
            }
            let client = try HTTPClient(
                endpoint: HTTPEndpoint(url: "https://localhost:\(server.port)/"),
                tls: TLSClientSettings(authoritiesFile: certificates.authority))
            let error = #expect(throws: HTTPClientError.self) { try get(client) }
            #expect(
                error?.description
                    == "127.0.0.1:\(server.port) gave no whole answer: TLS failed: unexpected eof while reading")
            #expect(server.errors == [])
        }
    }

    @Test func `the deadline ends a handshake that stalls`() throws {
        let silent = try ScriptedServer { try $0.read(until: "never") }
        let client = try HTTPClient(endpoint: HTTPEndpoint(url: "https://127.0.0.1:\(silent.port)/"))
        #expect(
            throws: HTTPClientError.timedOut(address: "127.0.0.1:\(silent.port)", phase: .securing, timeoutNanoseconds: second / 10)
        ) { try client.send(method: .get, timeoutNanoseconds: second / 10) }
    }

    @Test func `a client that stalls in the handshake holds up nobody and is closed like an idle one`() throws {
        try withServer { (server, certificates) throws in
            let stalled = try RawSocket(connectingTo: server.port)
            try stalled.write([0x16, 0x03, 0x01, 0x01, 0x00])
            #expect(try get(client(server, TLSClientSettings(authoritiesFile: certificates.authority))) == 200)
            server.stop(drainNanoseconds: 20 * second)
            #expect(try stalled.readAll() == "")
        }
    }

    @Test func `settings that cannot be used are refused at the start, with the file`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            func error(_ identity: TLSIdentity) -> String? {
                var settings = HTTPServerSettings(listen: "127.0.0.1:0")
                settings.tls = TLSServerSettings(identity: identity)
                return #expect(throws: HTTPServerError.self) { try HTTPServer(settings: settings) { _ in .text("") } }?.description
            }
            var identity = certificates.server
            identity.certificateFile = "\(directory)/none.pem"
            #expect(
                error(identity)
                    == "cannot listen with TLS: cannot load the certificate from \(directory)/none.pem: No such file or directory; it must be a PEM file"
            )
            identity = certificates.server
            identity.keyFile = certificates.client.keyFile
            #expect(error(identity)?.contains("client.key does not belong to the certificate in \(identity.certificateFile); ") == true)
            identity.keyFile = certificates.lockedKey
            #expect(error(identity)?.contains("cannot load the private key from \(certificates.lockedKey): ") == true)
            #expect(throws: HTTPClientError.self) {
                try HTTPClient(
                    endpoint: HTTPEndpoint(url: "https://x/"), tls: TLSClientSettings(authoritiesFile: certificates.server.keyFile))
            }
        }
    }

    @Test func `the oldest version that is spoken can be raised`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            var settings = HTTPServerSettings(listen: "127.0.0.1:0")
            settings.tls = TLSServerSettings(identity: certificates.server, minimumVersion: .tls13)
            let server = try HTTPServer(settings: settings) { _ in .text("") }
            try server.start()
            defer { server.stop(drainNanoseconds: 0) }
            func connects(_ version: String) throws -> Bool {
                try ChildProcess.run(
                    ["openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", certificates.authority, "-\(version)"],
                    in: directory
                ).ending == .exited(0)
            }
            #expect(try !connects("tls1_2"))
            #expect(try connects("tls1_3"))
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")))
    func `curl gets in with TLS 1.2, TLS 1.3 and a client certificate`() throws {
        try withServer(mutual: true) { (server, certificates) throws in
            for version in ["1.2", "1.3"] {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
                process.arguments =
                    [
                        "-sS", "--max-time", "20", "--noproxy", "*", "--tlsv\(version)", "--tls-max", version, "--cacert",
                        certificates.authority,
                    ]
                    + ["--cert", certificates.client.certificateFile, "--key", certificates.client.keyFile, "-d", "x"]
                    + ["https://localhost:\(server.port)/"]
                let output = Pipe()
                process.standardOutput = output
                try process.run()
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                #expect(text == "body:x")
            }
        }
    }
}
