import Foundation
import HTTP
import JobStore
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

@Suite(.timeLimit(.minutes(2)))
struct UploadTests {
    @Test func `a body that is the file becomes a job, and its input`() throws {
        try withAPI { (setup) throws in
            let response = try setup.send(
                .post, "/api/v1/jobs",
                [
                    "Content-Type": "video/mp4", "X-File-Name": "f%C3%AAte.mp4", "tracestate": "vendor=a",
                    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                ], body: Array("a video".utf8))
            #expect(response.status == 201)
            let resource = try json(response)
            let id = try #require(resource["id"] as? String)
            #expect(response.headers.first("Location") == "/api/v1/jobs/\(id)")
            #expect(resource["filename"] as? String == "fête.mp4")
            #expect(resource["status"] as? String == "queued")
            #expect(resource["input_bytes"] as? Int == 7)
            #expect(try String(contentsOfFile: setup.files.inputPath(id), encoding: .utf8) == "a video")
            let job = try #require(try setup.store.job(id: id))
            #expect(job.keyID == setup.key.id && job.keyName == "studio" && job.inputBytes == 7)
            let span = try #require(setup.recorder.span("POST /api/v1/jobs"))
            #expect(job.traceparent?.contains(span.traceID.description) == true)
            #expect(job.tracestate == "vendor=a")
            let events = try setup.recorder.lines().compactMap { $0["event"] as? String }
            #expect(events == ["job.created", "http.request"])
        }
    }

    @Test func `a form's file becomes a job, also in chunks`() throws {
        try withAPI { (setup) throws in
            let response = try setup.send(.post, "/api/v1/jobs", formType, body: fileForm("a video", name: "holiday.mp4"))
            let id = try member("id", of: response)
            #expect(try json(response)["filename"] as? String == "holiday.mp4")
            #expect(try String(contentsOfFile: setup.files.inputPath(id), encoding: .utf8) == "a video")

            let body = fileForm("another")
            let chunks = body.map { "1\r\n\(String(UnicodeScalar($0)))\r\n" }.joined() + "0\r\n\r\n"
            let text = try setup.raw(
                "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\nConnection: close\r\n"
                    + "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
            #expect(text.hasPrefix("HTTP/1.1 201 Created\r\n"))
            #expect(try setup.store.jobs(JobQuery(limit: 10)).map(\.inputBytes) == [7, 7])
        }
    }

    @Test(
        arguments: [
            (["X-File-Name": "a.mp4"], "a.mp4"), ([:], "upload"), (["Content-Disposition": "attachment; filename=\"b c.mp4\""], "b c.mp4"),
            (["Content-Disposition": "attachment; filename=x; filename*=UTF-8''na%C3%AFve.mp4"], "naïve.mp4"),
            (["Content-Disposition": "attachment"], "upload"),
            (["X-File-Name": "first.mp4", "Content-Disposition": "attachment; filename=second.mp4"], "first.mp4"),
        ] as [(HTTPHeaders, String)])
    func `a file's name comes from the head`(headers: HTTPHeaders, name: String) throws {
        try withAPI { (setup) throws in
            let response = try setup.send(.post, "/api/v1/jobs", headers, body: [1])
            #expect(try json(response)["filename"] as? String == name)
        }
    }

    @Test(arguments: [
        "..", ".", "../../etc/passwd", "/etc/passwd", "a/b.mp4", "C:\\a.mp4", "a%00b", "a%0Ab", "%2e%2e%2fx", "%ff", "%", "a%E2%80%AEb",
        String(repeating: "x", count: 256),
    ])
    func `a name that is no plain name is refused, wherever it stands`(name: String) throws {
        try withAPI { (setup) throws in
            #expect(try setup.send(.post, "/api/v1/jobs", ["X-File-Name": name], body: [1]).status == 400)
            if let decoded = PercentEncoding.decode(name), !decoded.contains("\n"), !decoded.contains("\0"), !decoded.contains("\u{202e}") {
                let escaped = decoded.replacingOccurrences(of: "\\", with: "\\\\")
                #expect(try setup.send(.post, "/api/v1/jobs", formType, body: fileForm("x", name: escaped)).status == 400)
            }
        }
    }

    @Test(
        arguments: [
            (["Content-Type": "application/json"], "{}", 415), (["Content-Type": "text/plain"], "x", 415),
            (["Content-Type": "nonsense ; ="], "x", 400), (["Content-Type": "multipart/form-data"], "x", 400),
            (["Content-Type": "multipart/form-data; boundary=\"\""], "x", 400), (["Content-Type": "multipart/mixed; boundary=b"], "x", 415),
            (["Content-Type": "video/mp4", "Content-Encoding": "gzip"], "x", 415), (["Content-Disposition": "a b"], "x", 400),
            (["Content-Disposition": "a; filename*=latin1''x"], "x", 400),
        ] as [(HTTPHeaders, String, Int)])
    func `a head that can't be taken is refused before the body is sent`(headers: HTTPHeaders, body: String, status: Int) throws {
        try withAPI { (setup) throws in
            let fields = headers.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
            let text = try setup.raw(
                "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\n\(fields)Content-Length: 1000\r\n"
                    + "Expect: 100-continue\r\n\r\n", closing: true)
            #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(text)")
            #expect(text.contains("application/problem+json"))
            if status == 415 { #expect(text.contains("\r\nAccept")) }
        }
    }

    @Test(arguments: [
        ("", "no field `file`"), ("Content-Disposition: form-data; name=\"other\"", "one field, `file`"),
        ("Content-Disposition: form-data; name=\"file\"\r\nContent-Transfer-Encoding: base64", "base64"),
        ("Content-Disposition: attachment; name=\"file\"", "Content-Disposition"),
    ])
    func `a form that has no file is refused`(head: String, reason: String) throws {
        try withAPI { (setup) throws in
            let body = head.isEmpty ? Array("--b--\r\n".utf8) : form([(head, "x")])
            let response = try setup.send(.post, "/api/v1/jobs", formType, body: body)
            #expect(response.status == 400)
            #expect(response.bodyText.contains(reason), "\(response.bodyText)")
        }
    }

    @Test func `a form has one file, and an end`() throws {
        try withAPI { (setup) throws in
            let head = "Content-Disposition: form-data; name=\"file\"; filename=\"a\""
            #expect(try setup.send(.post, "/api/v1/jobs", formType, body: form([(head, "x"), (head, "y")])).status == 400)
            #expect(try setup.send(.post, "/api/v1/jobs", formType, body: fileForm("x").dropLast(6)).status == 400)
            #expect(try setup.send(.post, "/api/v1/jobs", formType, body: fileForm("")).status == 400)
            #expect(try setup.send(.post, "/api/v1/jobs", body: []).status == 400)
        }
    }

    @Test func `an upload without a body or a length is told to have one`() throws {
        try withAPI { (setup) throws in
            let text = try setup.raw(
                "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\nConnection: close\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 411 Length Required\r\n"))
        }
    }

    @Test func `a file may have exactly the limit`() throws {
        try withAPI(uploadBytes: 100_000) { (setup) throws in
            let exact = [UInt8](repeating: 1, count: 100_000)
            #expect(try setup.send(.post, "/api/v1/jobs", body: exact).status == 201)
            #expect(try setup.send(.post, "/api/v1/jobs", formType, body: fileForm(String(repeating: "x", count: 100_000))).status == 201)
            #expect(try setup.send(.post, "/api/v1/jobs", formType, body: fileForm(String(repeating: "x", count: 100_001))).status == 413)
            let head = "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\n"
            #expect(try setup.raw(head + "Content-Length: 100001\r\n\r\n").hasPrefix("HTTP/1.1 413 "))
            let chunk = "186a0\r\n" + String(repeating: "x", count: 100_000) + "\r\n"
            #expect(try setup.raw(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk + "1\r\nx\r\n").hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func `an upload over the quota is refused by its head, while it comes, and in the store`() throws {
        try withAPI(quotaBytes: 1000) { (setup) throws in
            #expect(try setup.send(.post, "/api/v1/jobs", body: [UInt8](repeating: 1, count: 600)).status == 201)
            let head = "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\n"
            let byHead = try setup.raw(head + "Content-Length: 401\r\nExpect: 100-continue\r\n\r\n", closing: true)
            #expect(byHead.hasPrefix("HTTP/1.1 413 ") && byHead.contains("urn:tailspan:problem:quota-exceeded"))
            let chunk = "191\r\n" + String(repeating: "x", count: 401) + "\r\n"
            #expect(try setup.raw(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk).hasPrefix("HTTP/1.1 413 "))
            #expect(try setup.send(.post, "/api/v1/jobs", body: [UInt8](repeating: 1, count: 400)).status == 201)
            #expect(try setup.send(.post, "/api/v1/jobs", body: [1]).status == 413)
            let exceeded = try setup.recorder.lines().filter { $0["event"] as? String == "storage.quota_exceeded" }
            #expect(exceeded.count == 3)
            #expect(exceeded.allSatisfy { $0["api_key"] as? String == "studio" && $0["quota_bytes"] as? Int == 1000 })
            #expect(try json(try setup.send(.get, "/api/v1/usage"))["used_bytes"] as? Int == 1000)
        }
    }

    @Test func `uploads at once don't pass a quota together`() throws {
        try withAPI(quotaBytes: 1000) { (setup) throws in
            let head = "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunk = "258\r\n" + String(repeating: "x", count: 600) + "\r\n"
            let first = try RawConnection(port: setup.server.port)
            try first.write(head + chunk)
            try waitUntil("the first upload is there") { setup.api.parts.reservations.add(0, to: setup.key.id) == 600 }
            #expect(try setup.raw(head + chunk).hasPrefix("HTTP/1.1 413 "))
            try first.write("0\r\n\r\n")
            #expect(try first.readHead().hasPrefix("HTTP/1.1 201 "))
        }
    }

    @Test func `an upload that the disk has no room for is refused`() throws {
        try withAPI(reservedDiskBytes: .max) { (setup) throws in
            let response = try setup.send(.post, "/api/v1/jobs", body: [1])
            #expect(response.status == 507)
            #expect(response.headers.contains("Retry-After"))
        }
    }

    @Test func `of an upload that is cut off nothing is left`() throws {
        try withAPI { (setup) throws in
            let head = "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\nContent-Length: 1000\r\n\r\nhello"
            #expect(try setup.raw(head, closing: true).hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            do {
                let socket = try RawConnection(port: setup.server.port)
                try socket.write(head)
                try waitUntil("the upload has begun") {
                    try FileManager.default.contentsOfDirectory(atPath: setup.files.uploadsDirectory + "/tmp").count == 1
                }
            }
            try setup.expectAtRest()
            let statuses = try setup.recorder.lines().compactMap { $0["status"] as? Int }
            #expect(statuses.sorted() == [400, 400] || statuses.sorted() == [400, 499])
        }
    }

    @Test func `a slow upload is refused`() throws {
        try withAPI({ $0.timeouts.streamedBody = 100_000_000 }) { (setup) throws in
            let text = try setup.raw(
                "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: \(setup.keyText)\r\nContent-Length: 1000\r\n\r\nhello")
            #expect(text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        }
    }

    @Test func `what a killed service left behind is removed, what another writes is not`() throws {
        try withTemporaryDirectory { directory in
            let files = JobFiles(dataDirectory: directory)
            try files.prepare()
            #expect(try UploadFile.prepare(files) == 0)
            try "rest".write(toFile: files.uploadsDirectory + "/tmp/old", atomically: false, encoding: .utf8)
            let active = try UploadFile(named: "active", in: files)
            #expect(try UploadFile.prepare(files) == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: files.uploadsDirectory + "/tmp") == ["active"])
            #expect(active.byteCount == 0)
        }
    }
}
