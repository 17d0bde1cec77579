import Foundation
import HTTP
import Testing

@testable import Profiling

@Suite struct `Profiling routes` {
    private let routes = ProfilingRoutes { [("jobs", 3), ("a\"b\n", 0)] }

    @Test(arguments: ["0", "61", "-1", "", "x", "1.5", "99999999999999999999"])
    func `refuse a time that can't be`(seconds: String) {
        for page in [ProfilingPage.profile, .folded] {
            #expect(throws: ProfilingError.badSeconds(seconds)) { try routes.answer(page, method: .get, seconds: seconds) }
        }
        #expect(ProfilingError.badSeconds("0").description == "`seconds` is 0; use a number from 1 to 60.")
        #expect(ProfilingError.badSeconds("0").status == 400)
    }

    @Test func `take no profile for a look at the headers`() throws {
        let head = try routes.answer(.profile, method: .head, seconds: "60")
        #expect(head.status == 200 && head.body.isEmpty && head.headers.first("Content-Type") == "application/octet-stream")
    }

    @Test func `tell the process's state`() throws {
        let response = try routes.answer(.variables, method: .get, seconds: nil)
        #expect(response.status == 200 && response.headers.first("Content-Type") == "application/json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
        #expect(object["queues"] as? [String: Int] == ["jobs": 3, "a\"b\n": 0])
        #expect(object["pid"] as? Int == Int(getpid()) && (object["threads"] as? Int ?? 0) > 0)
        let memory = try #require(object["memory"] as? [String: Int])
        #expect(memory.count == 4 && memory.values.allSatisfy { $0 > 0 })
        let descriptors = try #require(object["descriptors"] as? [String: Int])
        #expect((descriptors["open"] ?? 0) > 0 && (descriptors["limit"] ?? 0) > 0)
    }
}
