import Delivery
import Foundation
import HTTP
import TestSupport
import Testing

@testable import TranscodeService

/// Requests that mean harm, or nothing: each gets an answer that says what is wrong, and leaves nothing behind.
@Suite(.timeLimit(.minutes(2)))
struct HostileRequestTests {
    @Test func `every refusal is a problem, and is logged once with its endpoint`() throws {
        try withAPI({ $0.timeouts.head = 200_000_000 }) { (setup) throws in
            let key = "X-API-Key: \(setup.keyText)\r\n"
            let cases: [(request: String, status: Int, endpoint: String)] = [
                ("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, "unmatched"),
                ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "unmatched"),
                ("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "unmatched"),
                ("PATCH /api/v1/jobs/x HTTP/1.1\r\nHost: x\r\n\r\n", 405, "/api/v1/jobs/{id}"),
                ("TRACE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405, "/healthz"),
                ("BREW /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n", 405, "/api/v1/jobs"),
                ("BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n", 404, "unmatched"),
                ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404, "unmatched"),
                ("GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n", 401, "/api/v1/jobs"),
                ("GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: ts_wrong\r\n\r\n", 401, "/api/v1/jobs"),
                ("GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\(key)\(key)\r\n", 400, "/api/v1/jobs"),
                (
                    "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\(key)X-File-Name: a\r\nX-File-Name: b\r\nContent-Length: 9\r\n\r\n", 400,
                    "/api/v1/jobs"
                ),
                ("POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", 401, "/api/v1/jobs"),
                ("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", 404, "unmatched"),
                ("PUT /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", 405, "/api/v1/jobs"),
                ("POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\(key)Content-Length: 9\r\nContent-Length: 9\r\n\r\n", 400, "unmatched"),
                ("POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\(key)Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "/api/v1/jobs"),
                ("POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\(key)Expect: more\r\nContent-Length: 9\r\n\r\n", 417, "/api/v1/jobs"),
                ("GET /healthz HTTP/1.1\r\n\r\n", 400, "unmatched"),
                ("GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "unmatched"),
                ("GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505, "unmatched"), ("nonsense\r\n\r\n", 400, "unmatched"),
                ("GET /\(String(repeating: "x", count: 9000)) HTTP/1.1\r\n", 414, "unmatched"),
                ("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 20000))\r\n", 431, "unmatched"),
                ("GET /slow HTTP/1.1\r\nHost:", 408, "unmatched"),
            ]
            for (request, status, endpoint) in cases {
                let before = try setup.recorder.lines().count
                let socket = try RawConnection(port: setup.server.port)
                try socket.write(request)
                let head = try socket.readHead()
                #expect(head.hasPrefix("HTTP/1.1 \(status) "), "\(request.prefix(80)): \(head)")
                #expect(head.contains("Content-Type: application/problem+json\r\n"))
                #expect(!head.contains("\r\nStatus"))
                let lines = try setup.recorder.lines().dropFirst(before)
                #expect(lines.count == 1)
                #expect(
                    lines.first?["status"] as? Int == status && lines.first?["endpoint"] as? String == endpoint,
                    "\(request.prefix(80)): \(lines)")
            }
            let text = try String(contentsOfFile: setup.files.dataDirectory + "/../log", encoding: .utf8)
            #expect(!text.contains(setup.keyText) && !text.contains("ts_wrong"))
        }
    }

    @Test func `a name of an endpoint never comes from a client`() throws {
        try withAPI { (setup) throws in
            for index in 0..<30 {
                _ = try setup.raw("GET /api/v1/jobs/\(index) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                _ = try setup.raw("M\(index) /\(index) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            }
            #expect(setup.api.parts.inProgress.all.map(\.place.endpoint) == ["/api/v1/jobs/{id}", "unmatched"])
            #expect(setup.api.parts.inProgress.all.map(\.place.method) == ["GET", "_OTHER"])
        }
    }

    @Test func `random requests are answered or closed, and the service goes on`() throws {
        try withAPI({
            $0.timeouts.head = 100_000_000
            $0.timeouts.body = 100_000_000
            $0.timeouts.streamedBody = 100_000_000
            $0.timeouts.linger = 20_000_000
        }) { (setup) throws in
            var generator = SeededGenerator(seed: 20260206)
            let body = String(decoding: fileForm("data"), as: UTF8.self)
            let requests = [
                "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
                "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\nTransfer-Encoding: chunked\r\nX-File-Name: a\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                "POST /api/v1/keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(APISetup.adminToken)\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"name\": \"a\"}",
                "GET /api/v1/jobs?limit=3&status=queued HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\nRange: bytes=0-\r\n\r\n",
                "DELETE /api/v1/jobs/0 HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\nConnection: close\r\n\r\n",
            ].map { Array($0.utf8) }
            for _ in 0..<150 {
                var bytes = requests.randomElement(using: &generator) ?? []
                for _ in 0..<Int.random(in: 0...4, using: &generator) where !bytes.isEmpty {
                    let index = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0..<4, using: &generator) {
                    case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                    case 1: bytes.remove(at: index)
                    case 2: bytes.insert(contentsOf: bytes[index...].prefix(9), at: index)
                    default: bytes.removeLast(Int.random(in: 1...min(bytes.count, 20), using: &generator))
                    }
                }
                let answer = try setup.raw(bytes, closing: true)
                if !answer.isEmpty { #expect(answer.hasPrefix("HTTP/1.1 ")) }
                #expect(!answer.contains("HTTP/1.1 500"), "\(String(decoding: bytes, as: UTF8.self))")
            }
            #expect(try setup.send(.get, "/healthz").status == 200)
        }
    }
}
