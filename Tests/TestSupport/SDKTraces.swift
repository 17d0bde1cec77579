import Foundation

/// `fixtures/otlp`: the same spans as the OpenTelemetry SDK for Python sends and writes them in each of its forms.
package enum SDKTraces {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../fixtures/otlp")

    /// The body of a request in protobuf.
    package static func protobuf() throws -> [UInt8] { try bytes("traces.pb") }

    /// The body of a request in JSON.
    package static func json() throws -> [UInt8] { try bytes("traces.json") }

    /// A file of requests in JSON, one a line.
    package static func lines() throws -> [UInt8] { try bytes("traces.jsonl") }

    private static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: directory.appending(path: name))) }
}
