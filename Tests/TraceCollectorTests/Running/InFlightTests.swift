import Foundation
import HTTP
import SystemIO
import TestSupport
import Testing

@testable import OTLP
@testable import TraceCollector

/// A sink that holds requests with some spans back until it is told otherwise.
private final class HoldingSink: Sendable {
    struct State: Sendable {
        /// How often each span was acknowledged.
        var taken: [UInt64: Int] = [:]
        var held: Set<UInt64>
        var waiting = 0
        var most = 0
    }

    let state: Monitor<State>
    private let server: HTTPServer

    init(holding held: Set<UInt64>, listen: String = "127.0.0.1:0") throws {
        let state = Monitor(State(held: held))
        self.state = state
        var settings = HTTPServer.Settings(listen: listen)
        settings.workers = 8
        settings.inflatedBytes = 64 << 20
        server = try HTTPServer(settings: settings) { request in
            guard let spans = try? Requests.spans(request.body).map({ $0[1] }) else { return .text("no spans", status: 400) }
            state.withLock { state in
                state.waiting += 1
                state.most = max(state.most, state.waiting)
            }
            state.wait { $0.held.isDisjoint(with: spans) ? .done(()) : .wait(untilNanoseconds: nil) }
            state.withLock { state in
                state.waiting -= 1
                for span in spans { state.taken[span, default: 0] += 1 }
            }
            return HTTPResponse(status: 200)
        }
        try server.start()
    }

    var address: String { server.address }
    var takenCount: Int { state.withLock { $0.taken.count } }

    func release() {
        state.withLock { $0.held = [] }
        state.broadcast()
    }

    func stop() {
        release()
        server.stop(drainNanoseconds: 0)
    }
}

@Suite(.serialized)
struct InFlightTests {
    private func configuration(_ directory: String, sink: String, inFlight: Int) -> String {
        """
        data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" }, receivers: { otlp_http: { listen: "127.0.0.1:0" } },
        outputs: [{ name: "tempo", type: "otlp_http", url: "http://\(sink)/v1/traces", in_flight: \(inFlight), batch: { max_bytes: "4KiB" },
                    retry: { min_backoff: "10ms", max_backoff: "50ms" } }]
        """
    }

    /// About as large as a full batch.
    private func request(_ id: UInt64) -> [UInt8] {
        Requests.make([.init(trace: id, id: id, attributes: [("text", String(repeating: "x", count: 4096))])])
    }

    @Test func `a slow request holds up no others, and is not lost when the collector is killed before its answer`() throws {
        try withTemporaryDirectory { directory in
            let sink = try HoldingSink(holding: [1])
            let collector = try CollectorProcess(configuration(directory, sink: sink.address, inFlight: 3), in: directory)
            #expect(try collector.post(request(1)).status == 200)
            try waitUntil("the first request to be on its way") { sink.state.withLock { $0.waiting } == 1 }
            for id in 2...20 as ClosedRange<UInt64> { #expect(try collector.post(request(id)).status == 200) }
            try waitUntil("the others to arrive") { sink.takenCount == 19 }
            try waitUntil("all but one to be settled") { try collector.ledger()["delivered"] as? Int == 19 }
            #expect(try collector.ledger()["pending"] as? Int == 1 && collector.ledger().isBalanced)
            collector.process.kill()
            let address = sink.address
            sink.stop()

            let returned = try HoldingSink(holding: [], listen: address)
            let restarted = try CollectorProcess(configuration(directory, sink: address, inFlight: 3), in: directory)
            try restarted.waitUntilSettled()
            // The cursor stood before the first: what was delivered behind it comes again.
            #expect(returned.state.withLock { $0.taken.keys.sorted() } == Array(1...20))
            let later = try restarted.ledger()
            #expect(later["recovered"] as? Int == 20 && later.isBalanced)
            try restarted.terminate()
            // And what was settled since is known.
            let again = try CollectorProcess(configuration(directory, sink: address, inFlight: 3), in: directory)
            #expect(try again.ledger()["recovered"] as? Int == 0)
            returned.stop()
        }
    }

    @Test func `no more requests are under way than are allowed`() throws {
        try withTemporaryDirectory { directory in
            let sink = try HoldingSink(holding: Set(1...40))
            let collector = try CollectorProcess(configuration(directory, sink: sink.address, inFlight: 2), in: directory)
            for id in 1...40 as ClosedRange<UInt64> { #expect(try collector.post(request(id)).status == 200) }
            try waitUntil("two requests to be on their way") { sink.state.withLock { $0.waiting } == 2 }
            sink.release()
            try collector.waitUntilSettled()
            #expect(sink.state.withLock { $0.taken } == Dictionary(uniqueKeysWithValues: (1...40).map { ($0, 1) }))
            #expect(sink.state.withLock { $0.most } == 2)
            sink.stop()
        }
    }
}
