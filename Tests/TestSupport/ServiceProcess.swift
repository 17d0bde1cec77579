import Foundation
import HTTP

/// A running `transcode-service` on a Unix socket of its own.
package final class ServiceProcess: Sendable {
    package let process: ChildProcess
    private let endpoint: HTTPEndpoint

    /// Starts the built program with `configuration`, whose `listen` is `unix:` and `socket`, and waits until it is ready.
    package init(configuration: String, socket: String, logPath: String) throws {
        let process = try ChildProcess(
            [BuiltProducts.path(of: "transcode-service"), "serve", "--config", configuration], outputPath: logPath + ".out",
            errorPath: logPath)
        self.process = process
        endpoint = try HTTPEndpoint(url: "unix:\(socket)")
        do {
            try waitUntil("transcode-service to be ready", seconds: 60) {
                if !process.isRunning { return true }
                return (try? request(.get, "/ready"))?.status == 200
            }
        } catch {
            process.kill()
            throw error
        }
        guard process.isRunning else {
            throw ChildProcess.Failed(
                description: "transcode-service ended at once, \(try process.wait()):\n\(process.errorText.suffix(4000))")
        }
    }

    deinit { process.kill() }

    package func request(
        _ method: HTTPMethod, _ target: String, key: String? = nil, headers: HTTPHeaders = [:], body: [UInt8] = []
    ) throws -> HTTPResponse {
        try request(method, target, key: key, headers: headers, pieces: [body])
    }

    /// The same with a body in pieces, which may be one array many times.
    package func request(
        _ method: HTTPMethod, _ target: String, key: String? = nil, headers: HTTPHeaders = [:], pieces: [[UInt8]],
        timeoutSeconds: UInt64 = 60
    ) throws -> HTTPResponse {
        var headers = headers
        if let key { headers.append("X-API-Key", key) }
        let client = try HTTPClient(endpoint: endpoint, limits: HTTPLimits(bodyBytes: 64 << 20))
        return try Self.withBuffers(of: pieces[...]) { body in
            try client.send(
                method: method, target: target, headers: headers, body: body, timeoutNanoseconds: timeoutSeconds * 1_000_000_000)
        }
    }

    private static func withBuffers<Result>(
        of pieces: ArraySlice<[UInt8]>, _ before: [UnsafeRawBufferPointer] = [], _ body: ([UnsafeRawBufferPointer]) throws -> Result
    ) rethrows -> Result {
        guard let first = pieces.first else { return try body(before) }
        return try first.withUnsafeBytes { try withBuffers(of: pieces.dropFirst(), before + [$0], body) }
    }

    package func json(_ target: String, key: String? = nil) throws -> [String: Any] {
        let response = try request(.get, target, key: key)
        return try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any] ?? [:]
    }

    package func metrics() throws -> MetricsText { try MetricsText(request(.get, "/metrics").bodyText) }

    /// Asks it to stop and waits until it has; throws when it does not end with 0.
    package func terminate(seconds: Double = 60) throws {
        process.signal(SIGTERM)
        let ending = try process.wait(seconds: seconds)
        guard ending == .exited(0) else {
            throw ChildProcess.Failed(description: "transcode-service ended with \(ending):\n\(process.errorText.suffix(4000))")
        }
    }
}
