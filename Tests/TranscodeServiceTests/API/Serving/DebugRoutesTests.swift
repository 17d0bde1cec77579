import Foundation
import Glibc
import HTTP
import TestSupport
import Testing

@testable import TranscodeService

struct DebugRoutesTests {
    private static let paths = ["/debug/pprof/profile?seconds=1", "/debug/pprof/folded?seconds=1", "/debug/vars"]
    private static let administrator: HTTPHeaders = ["Authorization": "Bearer \(APISetup.adminToken)"]

    @Test func `without an admin token there is nothing to debug`() throws {
        try withTemporaryDirectory { directory in
            let setup = try APISetup(directory, adminToken: nil)
            // Not as the document has it, which is that of a service with a token.
            for path in Self.paths {
                let answer = try setup.client.send(
                    method: .get, target: path, headers: Self.administrator, timeoutNanoseconds: 60_000_000_000)
                #expect(answer.status == 404)
            }
        }
    }

    @Test func `only the bearer of the admin token may debug`() throws {
        try withTemporaryDirectory { directory in
            let setup = try APISetup(directory)
            for path in Self.paths {
                #expect(try setup.send(.get, path).status == 401)
                #expect(try setup.send(.get, path, ["Authorization": "Bearer \(setup.keyText)"]).status == 401)
            }
            #expect(try setup.send(.get, "/debug/pprof/profile?seconds=0", Self.administrator).status == 400)
            #expect(try setup.send(.head, "/debug/pprof/profile?seconds=60", Self.administrator).status == 200)
            #expect(try setup.send(.post, "/debug/vars", Self.administrator).status == 405)

            let variables = try setup.send(.get, "/debug/vars", Self.administrator)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(variables.body)) as? [String: Any])
            #expect(variables.status == 200 && object["pid"] as? Int == Int(getpid()))
        }
    }

    @Test func `a profile is a gzip file`() throws {
        try withTemporaryDirectory { directory in
            let setup = try APISetup(directory)
            // Another test of this process may take one just now.
            var profile: HTTPResponse?
            try waitUntil("a profile") {
                let answer = try setup.send(.get, "/debug/pprof/profile?seconds=1", Self.administrator)
                if answer.status != 409 { profile = answer }
                return profile != nil
            }
            #expect(profile?.status == 200 && profile?.body.prefix(2) == [0x1f, 0x8b])
        }
    }
}
