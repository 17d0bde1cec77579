import Glibc
import HTTP
import SystemIO

/// A Loki that keeps nothing: takes pushes as fast as they come, counts them, and on request writes them down.
@main
enum LokiSinkServer {
    static func main() {
        do {
            let options = try SinkOptions(arguments: Array(CommandLine.arguments.dropFirst()))
            // Before any thread starts, so that all of them leave the signals to `waitForStop`.
            var signals = stopSignals()
            pthread_sigmask(SIG_BLOCK, &signals, nil)

            let sink = try PushSink(options)
            var settings = HTTPServer.Settings(listen: options.listen)
            settings.limits.bodyBytes = 64 << 20
            settings.inflatedBytes = 64 << 20
            let server = try HTTPServer(settings: settings) { request in sink.answer(request) }
            try server.start()
            try say("loki-sink: listening on \(server.address)\n", to: 2)
            if let addressFile = options.addressFile {
                try AtomicFileReplacement.write(Array(server.address.utf8), to: addressFile, permissions: 0o644)
            }
            waitForStop(&signals)
            server.stop(drainNanoseconds: 2_000_000_000)
            try say(sink.statistics() + "\n", to: 1)
        } catch let error as SinkUsageError {
            complain(error.message)
            exit(2)
        } catch {
            complain("loki-sink: \(error)")
            exit(1)
        }
    }

    private static func stopSignals() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        return signals
    }

    private static func waitForStop(_ signals: inout sigset_t) {
        var received: Int32 = 0
        while sigwait(&signals, &received) != 0 {}
    }

    private static func say(_ text: String, to descriptor: Int32) throws(SystemError) {
        try FileDescriptor(owning: dup(descriptor)).writeAll(text)
    }

    private static func complain(_ message: String) {
        let bytes = Array((message + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
