import Foundation
import TestSupport
import Testing

@testable import HTTP

/// With a client that others wrote.
@Suite(.timeLimit(.minutes(1)), .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")))
struct CurlTests {
    private func curl(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        process.arguments = ["-sS", "--max-time", "20", "--noproxy", "*"] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return "\(process.terminationStatus) " + String(decoding: data, as: UTF8.self)
    }

    private func withServer(on listen: String = "127.0.0.1:0", _ body: (HTTPServer) throws -> Void) throws {
        let server = try HTTPServer(settings: HTTPServerSettings(listen: listen)) { request in
            var response = HTTPResponse.text(
                "\(request.method) \(request.target) \(request.body.count)" + String(repeating: ".", count: 2000))
            response.mayCompress = true
            return response
        }
        try server.start()
        defer { server.stop(drainNanoseconds: 0) }
        try body(server)
    }

    private let dots = String(repeating: ".", count: 2000) + "\n"

    @Test func `it gets over TCP, compressed, with HEAD and through a Unix socket`() throws {
        try withServer { (server) throws in
            let url = "http://\(server.address)/a?b"
            #expect(try curl([url, url]) == "0 GET /a?b 0\(dots)GET /a?b 0\(dots)")
            #expect(server.statistics.acceptedConnections == 1)
            #expect(try curl(["--compressed", url]) == "0 GET /a?b 0\(dots)")
            #expect(try curl(["-I", "-o", "/dev/null", "-w", "%{http_code} %header{content-length}", url]) == "0 200 2012")
            #expect(try curl(["--http1.0", url]) == "0 GET /a?b 0\(dots)")
        }
        try withTemporaryDirectory { directory in
            try withServer(on: "unix:\(directory)/a.sock") { _ in
                let text = try curl(["--unix-socket", "\(directory)/a.sock", "http://any/b"])
                #expect(text == "0 GET /b 0\(dots)")
            }
        }
    }

    @Test func `it posts with a length, in chunks and after asking first`() throws {
        try withTemporaryDirectory { directory in
            let file = "\(directory)/body"
            try Data(count: 500_000).write(to: URL(fileURLWithPath: file))
            try withServer { (server) throws in
                let url = "http://\(server.address)/"
                #expect(try curl(["--data-binary", "@\(file)", url]) == "0 POST / 500000\(dots)")
                #expect(try curl(["--data-binary", "@\(file)", "-H", "Transfer-Encoding: chunked", url]) == "0 POST / 500000\(dots)")
                #expect(try curl(["--data-binary", "@\(file)", "-H", "Expect: 100-continue", url]) == "0 POST / 500000\(dots)")
                #expect(try curl(["-T", file, url]) == "0 PUT /body 500000\(dots)")
            }
        }
    }

    @Test func `it is told that a body is too large`() throws {
        try withTemporaryDirectory { directory in
            let file = "\(directory)/body"
            try Data(count: 3 << 20).write(to: URL(fileURLWithPath: file))
            try withServer { (server) throws in
                let url = "http://\(server.address)/"
                for more in [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"]] {
                    let text = try curl(["--data-binary", "@\(file)", "-o", "/dev/null", "-w", "%{http_code}"] + more + [url])
                    #expect(text.hasSuffix(" 413"))
                }
            }
        }
    }
}
