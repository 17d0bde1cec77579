import HTTP

/// The paths below `/debug` that tell what the program does with its CPU and memory. Who may ask is the caller's to check.
///
/// - `/debug/pprof/profile?seconds=30`: a CPU profile for `go tool pprof`;
/// - `/debug/pprof/folded?seconds=30`: the same as folded stacks, for flame graphs;
/// - `/debug/vars`: memory, threads, descriptors and queues, as JSON.
package struct ProfilingRoutes: Sendable {
    package static let paths = ["/debug/pprof/profile", "/debug/pprof/folded", "/debug/vars"]
    static let secondsAllowed = 1...60
    private static let defaultSeconds = 30

    /// The depths of the program's queues, by name.
    private let queues: @Sendable () -> [(name: String, depth: Int)]

    package init(queues: @escaping @Sendable () -> [(name: String, depth: Int)]) {
        self.queues = queues
    }

    /// nil where the path is none of these. Blocks for as long as a profile takes; ``CPUProfiler/cancel()`` ends it.
    package func answer(_ request: HTTPRequest) -> HTTPResponse? {
        guard Self.paths.contains(request.path) else { return nil }
        guard request.method == .get || request.method == .head else { return .methodNotAllowed([.get, .head]) }
        if request.path == "/debug/vars" {
            return HTTPResponse(
                status: 200, headers: ["Content-Type": "application/json", "Cache-Control": "no-store"],
                body: ProcessVariables(queues: queues()).json, mayCompress: true)
        }
        guard let seconds = Self.seconds(request.query) else {
            let allowed = Self.secondsAllowed
            return .text("400 Bad Request: `seconds` is a number from \(allowed.lowerBound) to \(allowed.upperBound)", status: 400)
        }
        let isFolded = request.path == "/debug/pprof/folded"
        var response = HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": isFolded ? "text/plain; charset=utf-8" : "application/octet-stream", "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            ], mayCompress: isFolded)
        // To ask what there is takes no profile.
        if request.method == .head { return response }
        do throws(ProfilingError) {
            let profile = NamedProfile(try CPUProfiler.profile(nanoseconds: UInt64(seconds) * 1_000_000_000))
            response.body = isFolded ? Array(profile.folded.utf8) : profile.pprof
            return response
        } catch {
            switch error {
            case .busy: return .text("409 Conflict: \(error)", status: 409)
            case .unsupported: return .text("501 Not Implemented: \(error)", status: 501)
            }
        }
    }

    /// nil where the query asks for what can't be.
    private static func seconds(_ query: String?) -> Int? {
        var seconds = defaultSeconds
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == "seconds" else { continue }
            guard parts.count == 2, let number = Int(parts[1]), secondsAllowed.contains(number) else { return nil }
            seconds = number
        }
        return seconds
    }
}
