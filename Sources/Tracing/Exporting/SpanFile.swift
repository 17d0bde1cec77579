import Glibc
import OTLP
import Synchronization
import SystemIO

/// A file of OTLP JSON: each batch of spans is a line of its own. Others may append to the same file, and rename it at any time.
final class SpanFile: SpanDestination, Sendable {
    private struct State: ~Copyable {
        var file: FileDescriptor
        /// The last line was written in part.
        var isTorn = false
    }

    private let path: String
    private let origin: SpanOrigin
    private let state: Mutex<State>
    private let mustReopen = Atomic<Bool>(false)

    init(path: String, origin: SpanOrigin) throws(SystemError) {
        self.path = path
        self.origin = origin
        state = Mutex(State(file: try Self.open(path)))
    }

    /// The next line goes to the file that is at the path then.
    func reopen() { mustReopen.store(true, ordering: .releasing) }

    func export(_ spans: [SpanRecord]) -> SpanExportOutcome {
        var line: [UInt8] = []
        SpanEncoding.appendJSONLine(spans, from: origin, to: &line)
        return state.withLock { state in
            do throws(SystemError) {
                if mustReopen.exchange(false, ordering: .acquiringAndReleasing) {
                    do throws(SystemError) { state = State(file: try Self.open(path)) } catch {
                        mustReopen.store(true, ordering: .releasing)
                        throw error
                    }
                }
                if state.isTorn { try state.file.writeAll("\n") }
                // What a full disk leaves of a line is ended before the next one: a reader sees one line that is no JSON.
                state.isTorn = true
                try state.file.writeAll(line)
                state.isTorn = false
                return .delivered
            } catch { return .dropped(.unwritable, reason: "\(path): \(error)") }
        }
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_APPEND)
    }
}
