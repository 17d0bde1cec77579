import HTTP
import OTLP
import Synchronization
import SystemIO

/// Why spans can't be exported as the configuration says.
package enum SpanExportError: Error, Equatable, CustomStringConvertible {
    case badFile(SystemError)
    case badEndpoint(HTTPEndpointError)
    case outOfResources(SystemError)

    package var description: String {
        switch self {
        case .badFile(let error): "the file for spans can't be opened: \(error)"
        case .badEndpoint(let error): "the endpoint for spans can't be used: \(error)"
        case .outOfResources(let error): "no thread for exporting spans: \(error)"
        }
    }
}

/// Everything that happens to a program's spans after they have ended: a file, a collector, both or neither. Each has a queue and a thread of
/// its own, so that neither waits for the other.
package final class SpanExport: Sendable {
    private let file: SpanFile?
    private let exporters: [(destination: String, running: RunningSpanExporter)]
    private let hasStopped = Atomic<Bool>(false)

    /// `file`: a path, appended to. `endpoint`: the base URL of a collector, such as `http://127.0.0.1:4318`.
    /// `report` is called on the threads that export. The owner calls ``stop(withinNanoseconds:)``.
    package init(
        file path: String?, endpoint base: String?, origin: SpanOrigin, settings: SpanExporterSettings = SpanExporterSettings(),
        report: @escaping @Sendable (SpanExportEvent) -> Void
    ) throws(SpanExportError) {
        var endpoint: HTTPEndpoint?
        do throws(HTTPEndpointError) {
            endpoint = try base.map { base throws(HTTPEndpointError) in try SpanCollector.endpoint(base: base) }
        } catch { throw .badEndpoint(error) }
        do throws(SystemError) { file = try path.map { path throws(SystemError) in try SpanFile(path: path, origin: origin) } } catch {
            throw .badFile(error)
        }
        var exporters: [(destination: String, running: RunningSpanExporter)] = []
        do throws(SystemError) {
            if let file, let path {
                exporters.append(("file", try SpanExporter.start(to: file, name: path, settings: settings, report: report)))
            }
            if let endpoint {
                exporters.append(("otlp", try SpanExporter.start(to: endpoint, origin: origin, settings: settings, report: report)))
            }
        } catch {
            for (_, running) in exporters { Self.stop(running, atNanoseconds: 0) }
            throw .outOfResources(error)
        }
        self.exporters = exporters
    }

    /// Whether anything is exported: else a ``Tracer`` need not record.
    package var isActive: Bool { !exporters.isEmpty }

    /// For a ``Tracer``: never waits.
    package func take(_ span: SpanRecord) {
        for (_, running) in exporters { running.exporter.offer(span) }
    }

    /// By destination: `file`, `otlp`.
    package var statistics: [(destination: String, statistics: SpanExportStatistics)] {
        exporters.map { ($0.destination, $0.running.exporter.statistics) }
    }

    /// The next spans go to the file that is at the path then: after it was renamed.
    package func reopenFile() { file?.reopen() }

    /// Sends what waits without waiting for more of it.
    package func flush() {
        for (_, running) in exporters { running.exporter.flush() }
    }

    /// Sends what waits, for no longer than so, drops the rest, and ends the threads. Only the first call does anything.
    package func stop(withinNanoseconds nanoseconds: UInt64) {
        if hasStopped.exchange(true, ordering: .relaxed) { return }
        let deadline = SystemClock.monotonicNanoseconds() + nanoseconds
        for (_, running) in exporters { Self.stop(running, atNanoseconds: deadline) }
    }

    private static func stop(_ running: RunningSpanExporter, atNanoseconds deadline: UInt64) {
        running.exporter.stop(atNanoseconds: deadline)
        running.thread.join()
    }
}
