import HTTP
import JobStore
import Metrics
import Profiling

/// For whoever operates the service: `/ready`, `/metrics` and `/debug`.
struct OperatingRoutes {
    private let call: APICall
    private let parts: APIParts

    init(_ call: APICall, _ parts: APIParts) {
        self.call = call
        self.parts = parts
    }

    func readiness() throws(Problem) -> Answer {
        do throws(JobStoreError) { try parts.store.check() } catch {
            parts.telemetry.events.dbError("check", error, in: call.span)
            // Whatever is wrong with it, another instance may do.
            var problem = Problem(error)
            problem.status = 503
            throw problem
        }
        return Answer(JSONMessage.response(["status": "ready"]))
    }

    func debug(_ page: ProfilingPage) throws(Problem) -> Answer {
        let seconds = call.match.query.last { $0.name == "seconds" }?.value
        do throws(ProfilingError) { return Answer(try parts.profiling.answer(page, method: call.head.method, seconds: seconds)) } catch {
            throw Problem(error.status, error.description)
        }
    }

    func metrics() -> Answer {
        let format = ExpositionFormat(accept: call.head.headers.first("Accept"))
        var writer = ExpositionWriter(format: format)
        writer.append(parts.registry)
        return Answer(HTTPResponse(status: 200, headers: ["Content-Type": format.contentType], body: writer.finish(), mayCompress: true))
    }
}
