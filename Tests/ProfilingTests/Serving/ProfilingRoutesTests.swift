import Foundation
import HTTP
import Testing

@testable import Profiling

@Suite struct `Profiling routes` {
    private let routes = ProfilingRoutes { [("jobs", 3), ("a\"b\n", 0)] }

    private func answer(_ target: String, _ method: HTTPMethod = .get) -> HTTPResponse? {
        routes.answer(HTTPRequest(method: method, target: target))
    }

    @Test func `are these and no others`() {
        for target in ["/", "/debug", "/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/varsx"] {
            #expect(answer(target) == nil)
        }
        for path in ProfilingRoutes.paths { #expect(answer(path, .post)?.status == 405) }
    }

    @Test(arguments: ["0", "61", "-1", "", "x", "1.5", "99999999999999999999"])
    func `refuse a time that can't be`(seconds: String) {
        for path in ["/debug/pprof/profile", "/debug/pprof/folded"] {
            let refused = answer("\(path)?seconds=\(seconds)")
            #expect(refused?.status == 400 && refused?.bodyText == "400 Bad Request: `seconds` is a number from 1 to 60\n")
        }
        #expect(answer("/debug/pprof/profile?seconds")?.status == 400)
    }

    @Test func `take no profile for a look at the headers`() {
        let head = answer("/debug/pprof/profile?seconds=60", .head)
        #expect(head?.status == 200 && head?.body.isEmpty == true && head?.headers.first("Content-Type") == "application/octet-stream")
    }

    @Test func `tell the process's state`() throws {
        let response = try #require(answer("/debug/vars?x=1"))
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
