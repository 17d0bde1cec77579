import HTTP
import JobStore
import TestSupport
import Testing

@testable import TranscodeService

@Suite(.timeLimit(.minutes(2)))
struct KeyRoutesTests {
    private static let type: HTTPHeaders = ["Content-Type": "application/json"]

    @Test func `a key is made, used, listed and removed`() throws {
        try withAPI { (setup) throws in
            let made = try setup.admin(.post, "/api/v1/keys", Self.type, body: "{\"name\": \"new.key-1\", \"quota_bytes\": 10}")
            #expect(made.status == 201)
            #expect(made.headers.first("Cache-Control") == "no-store")
            let text = try member("key", of: made)
            #expect(text.hasPrefix("ts_") && text.utf8.count == 46)
            let id = try member("id", of: made)
            let stored = try #require(try setup.store.keys().first { $0.id == id })
            #expect(stored.name == "new.key-1" && stored.quotaBytes == 10 && stored.hash == KeyHash.of(text))
            #expect(try json(try setup.send(.get, "/api/v1/usage", key: text))["quota_bytes"] as? Int == 10)

            let list = try setup.admin(.get, "/api/v1/keys")
            #expect((try json(list)["keys"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == ["studio", "new.key-1"])
            #expect(!list.bodyText.contains("\"key\""))

            #expect(try setup.admin(.delete, "/api/v1/keys/\(id)").status == 204)
            #expect(try setup.admin(.delete, "/api/v1/keys/\(id)").status == 404)
            #expect(try setup.send(.get, "/api/v1/usage", key: text).status == 401)
        }
    }

    @Test func `keys that can't be are refused`() throws {
        try withAPI { (setup) throws in
            let cases: [(body: String, status: Int)] = [
                ("", 400), ("{", 400), ("[]", 400), ("null", 400), ("{\"name\": \"a\"} x", 400), ("{}", 422), ("{\"name\": 1}", 422),
                ("{\"name\": \"\"}", 422), ("{\"name\": \"a b\"}", 422), ("{\"name\": \"\(String(repeating: "x", count: 65))\"}", 422),
                ("{\"name\": \"a\", \"quota\": 1}", 422), ("{\"name\": \"a\", \"quota_bytes\": -1}", 422),
                ("{\"name\": \"a\", \"quota_bytes\": 1.5}", 422), ("{\"name\": \"a\", \"quota_bytes\": \"1\"}", 422),
                ("{\"name\": \"a\", \"quota_bytes\": 9223372036854775808}", 422), ("{\"name\": \"studio\"}", 409),
            ]
            for (body, status) in cases where !body.isEmpty {
                #expect(try setup.admin(.post, "/api/v1/keys", Self.type, body: body).status == status, "\(body)")
            }
            #expect(try setup.admin(.post, "/api/v1/keys", body: "{\"name\": \"a\"}").status == 415)
            #expect(try setup.admin(.post, "/api/v1/keys", ["Content-Type": "text/plain"], body: "{\"name\": \"a\"}").status == 415)
            #expect(try setup.admin(.post, "/api/v1/keys", Self.type, body: String(repeating: " ", count: 2 << 20)).status == 413)
            #expect(try setup.store.keys().count == 1)
        }
    }

    @Test(arguments: ["", "Bearer", "Bearer wrong", "Basic the-admin-token", "Bearer the-admin-token x", "the-admin-token"])
    func `without the token nobody gets in`(value: String) throws {
        try withAPI { (setup) throws in
            let headers: HTTPHeaders = value.isEmpty ? [:] : ["Authorization": value]
            for (method, target) in [(HTTPMethod.get, "/api/v1/keys"), (.delete, "/api/v1/keys/x")] {
                let response = try setup.send(method, target, headers)
                #expect(response.status == 401)
                #expect(response.headers.first("WWW-Authenticate")?.hasPrefix("Bearer ") == true)
            }
            #expect(try setup.send(.post, "/api/v1/keys", headers, body: Array("{\"name\": \"a\"}".utf8)).status == 401)
        }
    }

    @Test func `without an admin token there are no such routes`() throws {
        try withAPI(adminToken: nil) { (setup) throws in
            #expect(try setup.admin(.get, "/api/v1/keys").status == 404)
            #expect(try setup.admin(.post, "/api/v1/keys", Self.type, body: "{\"name\": \"a\"}").status == 404)
            #expect(try setup.admin(.delete, "/api/v1/keys/x").status == 404)
        }
    }
}
