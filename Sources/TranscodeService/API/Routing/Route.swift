import HTTP

/// What the service answers: one case for each method of each template.
enum Route: String, CaseIterable, Sendable {
    case createJob, listJobs, job, deleteJob, output, transcript, usage
    case createKey, listKeys, deleteKey
    case health, readiness, metrics, document
    case profile, foldedProfile, variables

    var method: HTTPMethod {
        switch self {
        case .createJob, .createKey: .post
        case .deleteJob, .deleteKey: .delete
        case .listJobs, .job, .output, .transcript, .usage, .listKeys, .health, .readiness, .metrics, .document,
            .profile, .foldedProfile, .variables:
            .get
        }
    }

    var template: RouteTemplate {
        switch self {
        case .createJob, .listJobs: "/api/v1/jobs"
        case .job, .deleteJob: "/api/v1/jobs/{id}"
        case .output: "/api/v1/jobs/{id}/outputs/{resolution}"
        case .transcript: "/api/v1/jobs/{id}/transcript"
        case .usage: "/api/v1/usage"
        case .createKey, .listKeys: "/api/v1/keys"
        case .deleteKey: "/api/v1/keys/{id}"
        case .health: "/healthz"
        case .readiness: "/ready"
        case .metrics: "/metrics"
        case .document: "/openapi.json"
        case .profile: "/debug/pprof/profile"
        case .foldedProfile: "/debug/pprof/folded"
        case .variables: "/debug/vars"
        }
    }

    /// Who may use it.
    enum Access: Sendable {
        case anyone
        /// Whoever has an API key.
        case key
        /// Whoever has the admin token. Without one, there is no such route.
        case administrator
    }

    var access: Access {
        switch self {
        case .createJob, .listJobs, .job, .deleteJob, .output, .transcript, .usage: .key
        case .createKey, .listKeys, .deleteKey, .profile, .foldedProfile, .variables: .administrator
        case .health, .readiness, .metrics, .document: .anyone
        }
    }
}

/// The routes that this service has, with their templates at hand.
struct RouteTable: Sendable {
    fileprivate let routes: [(route: Route, template: RouteTemplate)]

    init(_ routes: [Route]) { self.routes = routes.map { ($0, $0.template) } }
}

/// What a request's target and method lead to.
struct RouteMatch: Equatable, Sendable {
    enum Outcome: Equatable, Sendable {
        case route(Route)
        case badTarget
        case unknownPath
        /// The path has others.
        case unknownMethod(allowed: [HTTPMethod])
    }

    var outcome: Outcome
    /// Of the path; nil where no route has it.
    var template: String?
    var values: [String: String] = [:]
    var query: [(name: String, value: String)] = []

    static func == (left: RouteMatch, right: RouteMatch) -> Bool {
        left.outcome == right.outcome && left.template == right.template && left.values == right.values
            && left.query.elementsEqual(right.query) { $0 == $1 }
    }

    init(method: HTTPMethod, target: String, in table: RouteTable) {
        guard let target = RequestTarget(target) else {
            outcome = .badTarget
            return
        }
        query = target.query
        var allowed: [HTTPMethod] = []
        for (route, template) in table.routes {
            guard let values = template.values(in: target.segments) else { continue }
            self.template = template.text
            self.values = values
            // HEAD is answered as GET, without the body.
            if route.method == method || (method == .head && route.method == .get) {
                outcome = .route(route)
                return
            }
            allowed += route.method == .get ? [.get, .head] : [route.method]
        }
        outcome = template == nil ? .unknownPath : .unknownMethod(allowed: allowed)
    }
}
