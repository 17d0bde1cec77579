import Foundation
import HTTP
import Testing

@testable import TranscodeService

struct OpenAPIDocumentTests {
    @Test func `the document has exactly the routes that the service has`() {
        let documented = DocumentedAPI.paths.flatMap { path, item in
            item.keys.filter { $0 != "parameters" }.map { "\($0.uppercased()) \(path)" }
        }
        let routes = Route.allCases.map { "\($0.method) \($0.template.text)" }
        #expect(documented.sorted() == routes.sorted())
    }

    @Test func `an operation asks for what its route asks for`() throws {
        for route in Route.allCases {
            let item = try #require(DocumentedAPI.paths[route.template.text]?[route.method.rawValue.lowercased()] as? [String: Any])
            let security = (item["security"] as? [[String: Any]])?.flatMap(\.keys) ?? []
            let expected: [String] =
                switch route.access {
                case .anyone: []
                case .key: ["apiKey"]
                case .administrator: ["adminToken"]
                }
            #expect(security == expected, "\(route)")
        }
    }

    @Test func `every reference leads somewhere`() throws {
        var references: [String] = []
        func collect(_ value: Any) {
            if let object = value as? [String: Any] {
                if let reference = object["$ref"] as? String { references.append(reference) }
                object.values.forEach(collect)
            }
            (value as? [Any])?.forEach(collect)
        }
        collect(DocumentedAPI.document)
        #expect(references.count > 50)
        for reference in Set(references) {
            var value: Any? = DocumentedAPI.document
            for part in reference.split(separator: "/").dropFirst() { value = (value as? [String: Any])?[String(part)] }
            #expect(value != nil, "\(reference)")
        }
    }

    @Test func `it is served as it is`() throws {
        try withAPI { (setup) throws in
            let response = try setup.send(.get, "/openapi.json", key: "")
            #expect(response.bodyText == OpenAPIDocument.text)
            #expect(response.headers.first("Content-Type") == "application/json")
        }
    }
}
