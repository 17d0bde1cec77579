import HTTP

/// What `/debug` has: who may ask for it is the caller's to check.
package enum ProfilingPage: String, CaseIterable, Sendable {
    /// A CPU profile for `go tool pprof`.
    case profile = "/debug/pprof/profile"
    /// The same as folded stacks, for flame graphs.
    case folded = "/debug/pprof/folded"
    /// Memory, threads, descriptors and queues, as JSON.
    case variables = "/debug/vars"
}

/// Answers requests for ``ProfilingPage``.
package struct ProfilingRoutes: Sendable {
    package static let secondsAllowed = 1...60
    private static let defaultSeconds = 30

    /// The depths of the program's queues, by name.
    private let queues: @Sendable () -> [(name: String, depth: Int)]

    package init(queues: @escaping @Sendable () -> [(name: String, depth: Int)] = { [] }) {
        self.queues = queues
    }

    /// Blocks for as long as a profile takes, `seconds` of the query; ``CPUProfiler/cancel()`` ends it. HEAD takes none.
    package func answer(_ page: ProfilingPage, method: HTTPMethod, seconds text: String?) throws(ProfilingError) -> HTTPResponse {
        if page == .variables {
            return response(ProcessVariables(queues: queues()).json, type: "application/json")
        }
        var seconds = Self.defaultSeconds
        if let text {
            guard let number = Int(text), Self.secondsAllowed.contains(number) else { throw .badSeconds(text) }
            seconds = number
        }
        let type = page == .folded ? "text/plain; charset=utf-8" : "application/octet-stream"
        if method == .head { return response([], type: type) }
        let profile = NamedProfile(try CPUProfiler.profile(nanoseconds: UInt64(seconds) * 1_000_000_000))
        return response(page == .folded ? Array(profile.folded.utf8) : profile.pprof, type: type)
    }

    private func response(_ body: [UInt8], type: String) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: ["Content-Type": type, "Cache-Control": "no-store"], body: body,
            mayCompress: type != "application/octet-stream")
    }
}
