import Testing

@testable import HTTP

struct HTTPHeadersTests {
    @Test func `fields keep their order and duplicates, and names match in any case`() {
        var headers: HTTPHeaders = ["Accept": "a", "X": "1", "accept": "b"]
        #expect(headers.first("ACCEPT") == "a")
        #expect(headers.all("Accept") == ["a", "b"])
        #expect(headers.first("Y") == nil)
        headers.append("Y", "2")
        #expect(headers.fields.map(\.name) == ["Accept", "X", "accept", "Y"])
    }

    @Test func `setting leaves one field in the place of the first`() {
        var headers: HTTPHeaders = ["A": "1", "B": "2", "a": "3", "C": "4"]
        headers.set("A", "5")
        #expect(headers == ["A": "5", "B": "2", "C": "4"])
        headers.set("D", "6")
        #expect(headers == ["A": "5", "B": "2", "C": "4", "D": "6"])
        headers.remove("b")
        #expect(headers.fields.map(\.name) == ["A", "C", "D"])
    }

    @Test func `the members of a list are found across fields`() {
        let headers: HTTPHeaders = ["Connection": " keep-alive ,,x", "connection": "Close"]
        #expect(headers.listMembers("Connection") == ["keep-alive", "x", "Close"])
        #expect(headers.lists("close", in: "Connection"))
        #expect(!headers.lists("keep", in: "Connection"))
    }

    @Test func `a request tells its path and query`() {
        let request = HTTPRequest(method: .get, target: "/a/b?c=d?e")
        #expect(request.path == "/a/b")
        #expect(request.query == "c=d?e")
        #expect(HTTPRequest(method: .get, target: "/a").query == nil)
    }
}
