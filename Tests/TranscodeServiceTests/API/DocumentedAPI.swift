import Foundation
import HTTP
import Testing

@testable import TranscodeService

/// Holds answers against the OpenAPI document.
enum DocumentedAPI {
    static var document: [String: Any] {
        let value = try? JSONSerialization.jsonObject(with: Data(OpenAPIDocument.text.utf8))
        return value as? [String: Any] ?? [:]
    }

    static var paths: [String: [String: Any]] { document["paths"] as? [String: [String: Any]] ?? [:] }

    /// The operation's documented responses by status.
    static func responses(_ method: HTTPMethod, _ template: String) -> [String: Any]? {
        let name = (method == .head ? .get : method).rawValue.lowercased()
        return (paths[template]?[name] as? [String: Any])?["responses"] as? [String: Any]
    }

    /// An answer to a documented operation has a documented status and type; every error is a problem.
    static func check(_ response: HTTPResponse, to method: HTTPMethod, _ target: String, sourceLocation: SourceLocation) throws {
        if response.status >= 400 { try checkProblem(response, isHead: method == .head, sourceLocation: sourceLocation) }
        let table = RouteTable(Route.allCases)
        let match = RouteMatch(method: method, target: target, in: table)
        guard case .route = match.outcome, let template = match.template else { return }
        let documented = responses(method, template)?["\(response.status)"]
        #expect(
            documented != nil, "\(method) \(template) is not documented to answer \(response.status)",
            sourceLocation: sourceLocation)
    }

    private static func checkProblem(_ response: HTTPResponse, isHead: Bool, sourceLocation: SourceLocation) throws {
        #expect(response.headers.first("Content-Type") == "application/problem+json", sourceLocation: sourceLocation)
        if isHead { return }
        let problem = try json(response)
        #expect(problem["status"] as? Int == response.status, sourceLocation: sourceLocation)
        #expect((problem["title"] as? String)?.hasPrefix("Status") == false, sourceLocation: sourceLocation)
        #expect(Problem.Kind(rawValue: problem["type"] as? String ?? "") != nil, sourceLocation: sourceLocation)
        let detail = problem["detail"] as? String ?? ""
        #expect(detail.hasSuffix("."), "\(detail)", sourceLocation: sourceLocation)
    }
}
