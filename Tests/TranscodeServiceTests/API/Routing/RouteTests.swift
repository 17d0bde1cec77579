import HTTP
import Testing

@testable import TranscodeService

struct RouteTests {
    private static let table = RouteTable(Route.allCases)

    private func match(_ method: HTTPMethod, _ target: String) -> RouteMatch { RouteMatch(method: method, target: target, in: Self.table) }

    @Test(arguments: [
        (HTTPMethod.post, "/api/v1/jobs", Route.createJob), (.get, "/api/v1/jobs?status=queued", .listJobs), (.get, "/api/v1/jobs/x", .job),
        (.head, "/api/v1/jobs/x", .job), (.delete, "/api/v1/jobs/x", .deleteJob), (.get, "/api/v1/jobs/x/outputs/360p", .output),
        (.get, "/api/v1/jobs/x/transcript", .transcript), (.get, "/api/v1/usage", .usage), (.get, "/%68ealthz", .health),
    ])
    func `a path and a method lead to a route`(method: HTTPMethod, target: String, route: Route) {
        #expect(match(method, target).outcome == .route(route))
        #expect(match(method, target).template == route.template.text)
    }

    @Test(arguments: [
        "/", "/api/v1/jobs/", "/api/v1/jobs/x/", "/api/v1//jobs", "/api/v1/jobs/x/outputs/", "/API/v1/jobs", "/api", "*", "/metrics/x",
    ])
    func `a path that no route has is unknown`(target: String) {
        #expect(match(.get, target).outcome == .unknownPath)
        #expect(match(.get, target).template == nil)
    }

    @Test func `a slash that is encoded is no slash`() {
        #expect(match(.get, "/api/v1/jobs%2Fx").outcome == .unknownPath)
        #expect(match(.get, "/api/v1/jobs/a%2Fb").values == ["id": "a/b"])
    }

    @Test func `methods of a path are told`() {
        #expect(match(.put, "/api/v1/jobs").outcome == .unknownMethod(allowed: [.post, .get, .head]))
        #expect(match(.post, "/api/v1/keys/x").outcome == .unknownMethod(allowed: [.delete]))
        #expect(match(.put, "/api/v1/jobs").template == "/api/v1/jobs")
    }

    @Test(arguments: ["/%", "/%zz", "/%f0%28", "/x?a=%ff", "/x?%"])
    func `bad encoding is told`(target: String) { #expect(match(.get, target).outcome == .badTarget) }

    @Test func `a query's fields are decoded in their order`() throws {
        let query = try #require(RequestTarget("/x?a=1&b=x+y%2B&c&&=d&a=2")).query
        #expect(query.map(\.name) == ["a", "b", "c", "", "a"])
        #expect(query.map(\.value) == ["1", "x y+", "", "d", "2"])
    }
}
