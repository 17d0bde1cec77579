import HTTP
import JobStore
import StructuredLogging

/// The HTTP interface: finds the route, lets in who may use it, answers, and tells log, spans and gauges of each request once.
final class API: Sendable {
    /// Of these, a request has one of each at most.
    private static let singletons = [
        "X-API-Key", "Authorization", "Content-Type", "Content-Disposition", "X-File-Name", "Range", "If-Range",
    ]

    let parts: APIParts
    private let routes: RouteTable

    init(_ parts: APIParts) {
        self.parts = parts
        routes = RouteTable(Route.allCases.filter { $0.access != .administrator || parts.adminToken != nil })
    }

    var handlers: HTTPRequestHandlers {
        HTTPRequestHandlers(decide: { self.decide($0) }, handle: { self.handle($0) }, refuse: { self.refuse($0) })
    }

    // MARK: The three ways of a request

    /// A request without a body, or with a small one.
    private func handle(_ request: HTTPRequest) -> HTTPResponse {
        let head = HTTPRequestHead(
            method: request.method, target: request.target, headers: request.headers, declaredBodyBytes: request.body.count)
        var call = begin(head)
        do throws(Problem) {
            let (route, admitted) = try admit(call)
            call = admitted
            let answer = try answer(route, call, request)
            call.end(answer.response.status, jobID: answer.jobID)
            return answer.response
        } catch {
            return end(call, error)
        }
    }

    /// A request with a body: an upload is taken as it comes.
    private func decide(_ head: HTTPRequestHead) -> HTTPBodyDisposition {
        let match = RouteMatch(method: head.method, target: head.target, in: routes)
        do throws(Problem) {
            // Any other is looked at again when its body is there; this is only for what can be refused without it.
            if try route(of: match, head) != .createJob { return .gathered }
        } catch {
            return .refused(end(APICall(head, match, parts), error))
        }
        var call = APICall(head, match, parts)
        do throws(Problem) {
            call = try admit(call).call
            guard let key = call.key else { throw Problem(401, "An upload needs an API key.") }
            let upload = try JobUpload(call, key: key, parts: parts)
            return .streamed(to: upload, limitBytes: upload.bodyLimitBytes)
        } catch {
            return .refused(end(call, error))
        }
    }

    /// What the server refuses by itself.
    private func refuse(_ refusal: HTTPRefusal) -> HTTPResponse {
        let call = begin(refusal.head ?? HTTPRequestHead(method: HTTPMethod(rawValue: "_OTHER"), target: "/"))
        do throws(Problem) {
            // A method that no route has is the client's mistake, whether HTTP knows it or not.
            if refusal.status == 501, refusal.head != nil { _ = try route(of: call.match, call.head) }
        } catch { return end(call, error) }
        return end(call, Problem(refusal.status, Self.sentence(refusal.detail)))
    }

    private func begin(_ head: HTTPRequestHead) -> APICall {
        APICall(head, RouteMatch(method: head.method, target: head.target, in: routes), parts)
    }

    private func end(_ call: APICall, _ problem: Problem) -> HTTPResponse {
        call.end(problem.status, error: problem.status >= 500 ? ProblemText(problem) : nil)
        return problem.response
    }

    private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() + "." }

    // MARK: Who may ask what

    /// What the head alone leads to.
    private func route(of match: RouteMatch, _ head: HTTPRequestHead) throws(Problem) -> Route {
        switch match.outcome {
        case .badTarget: throw Problem(400, "The path or query is not percent-encoded UTF-8.")
        case .unknownPath: throw Problem.notFound("There is nothing at this path. /openapi.json shows what there is.")
        case .unknownMethod(let allowed): throw Problem.methodNotAllowed(head.method, allowed)
        case .route(let route):
            for name in Self.singletons where head.headers.all(name).count > 1 {
                throw Problem(400, "The header field \(name) is there \(head.headers.all(name).count) times; send it once.")
            }
            if route.access == .administrator { try authorizeAdministrator(head.headers) }
            return route
        }
    }

    /// The route, and the call with its key.
    private func admit(_ call: APICall) throws(Problem) -> (route: Route, call: APICall) {
        let route = try route(of: call.match, call.head)
        return (route, route.access == .key ? call.with(try authenticate(call)) : call)
    }

    private func authenticate(_ call: APICall) throws(Problem) -> APIKey {
        let challenge: HTTPHeaders = ["WWW-Authenticate": "ApiKey realm=\"transcode-service\", header=\"X-API-Key\""]
        guard let text = call.head.headers.first("X-API-Key"), !text.isEmpty else {
            throw Problem(401, "Send your API key in the header field X-API-Key.", headers: challenge)
        }
        do throws(JobStoreError) {
            if let key = try call.store.key(hash: KeyHash.of(text)) { return key }
        } catch { throw Problem(error) }
        throw Problem(401, "The API key is not known, or was removed.", headers: challenge)
    }

    private func authorizeAdministrator(_ headers: HTTPHeaders) throws(Problem) {
        let words = headers.first("Authorization")?.split(separator: " ", omittingEmptySubsequences: true) ?? []
        // Of hashes, the time of a comparison says nothing.
        if let token = parts.adminToken, words.count == 2, words[0].lowercased() == "bearer",
            KeyHash.areEqual(KeyHash.of(token.value), KeyHash.of(String(words[1])))
        {
            return
        }
        throw Problem(
            401, "Send the admin token as Authorization: Bearer and the token.",
            headers: ["WWW-Authenticate": "Bearer realm=\"transcode-service\""])
    }

    // MARK: Answers

    private func answer(_ route: Route, _ call: APICall, _ request: HTTPRequest) throws(Problem) -> Answer {
        switch route {
        case .createJob: throw Problem(411, "An upload has a body: send its Content-Length, or Transfer-Encoding: chunked.")
        case .listJobs: return try JobRoutes(call, parts).list()
        case .job: return try JobRoutes(call, parts).show()
        case .deleteJob: return try JobRoutes(call, parts).delete()
        case .output: return try OutputRoutes(call, parts).output()
        case .transcript: return try OutputRoutes(call, parts).transcript()
        case .usage: return try JobRoutes(call, parts).usage()
        case .createKey: return try KeyRoutes(call, parts).create(request.body)
        case .listKeys: return try KeyRoutes(call, parts).list()
        case .deleteKey: return try KeyRoutes(call, parts).delete()
        case .health: return Answer(JSONMessage.response(["status": "ok"]))
        case .readiness: return try OperatingRoutes(call, parts).readiness()
        case .metrics: return OperatingRoutes(call, parts).metrics()
        case .document: return Answer(OpenAPIDocument.response)
        case .profile: return try OperatingRoutes(call, parts).debug(.profile)
        case .foldedProfile: return try OperatingRoutes(call, parts).debug(.folded)
        case .variables: return try OperatingRoutes(call, parts).debug(.variables)
        }
    }
}

/// A response, and which job it is about.
struct Answer {
    var response: HTTPResponse
    var jobID: String?

    init(_ response: HTTPResponse, jobID: String? = nil) {
        self.response = response
        self.jobID = jobID
    }
}

/// What a log line says of a problem.
struct ProblemText: Error, CustomStringConvertible {
    let description: String

    init(_ problem: Problem) { description = problem.detail }
}

extension Problem {
    /// A job store that can't be used now is no mistake of the client.
    init(_ error: JobStoreError) {
        switch error {
        case .unavailable:
            self.init(503, "The job store can't be reached now. Try again.", kind: .storeUnavailable, headers: ["Retry-After": "5"])
        case .broken: self.init(500, "The job store can't be used.", kind: .storeUnavailable)
        case .keyNameTaken(let name): self.init(409, "There is a key with the name \(name) already.", kind: .keyNameTaken)
        case .quotaExceeded(let used, let quota): self = .quotaExceeded(usedBytes: used, quotaBytes: quota)
        }
    }

    static func quotaExceeded(usedBytes: UInt64, quotaBytes: UInt64) -> Problem {
        Problem(
            413,
            "The upload would pass the storage quota: \(usedBytes) of \(quotaBytes) bytes are used. Delete jobs that you no longer need.",
            kind: .quotaExceeded)
    }
}
