import CommandLineInterface
import Foundation
import Glibc
import HTTP
import JobStore
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

@Suite(.timeLimit(.minutes(3)))
struct ServiceCommandTests {
    private final class Texts: Sendable {
        let output = Mutex("")
        let error = Mutex("")
    }

    private func run(_ arguments: [String]) -> (code: ExitCode, output: String, error: String) {
        let texts = Texts()
        let terminal = Terminal(
            output: { text in texts.output.withLock { $0 += text } }, error: { text in texts.error.withLock { $0 += text } },
            outputHasColour: false, errorHasColour: false, errorIsTerminal: true)
        let code = TranscodeServiceCommand.run(arguments, terminal: terminal) { _ in nil }
        return (code, texts.output.withLock { $0 }, texts.error.withLock { $0 })
    }

    private func withConfiguration(_ more: String = "", _ body: (_ path: String, _ directory: String) throws -> Void) throws {
        try withTemporaryDirectory { (directory) throws in
            let path = directory + "/c.json5"
            try "token".write(toFile: directory + "/token", atomically: true, encoding: .utf8)
            chmod(directory + "/token", 0o600)
            try "data_dir: \"\(directory)/data\", admin_token_file: \"token\", \(more)".write(
                toFile: path, atomically: true, encoding: .utf8)
            try body(path, directory)
        }
    }

    @Test func `check tells what would run, or every error`() throws {
        try withConfiguration { (path, directory) throws in
            let good = run(["check", "--config", path])
            #expect(good.code == .success && good.output.hasPrefix("ok: \(path)\n"))
            #expect(good.output.contains("embedded, in \(directory)/data/store"))
            try "listen: 1, lissten: 2".write(toFile: path, atomically: true, encoding: .utf8)
            let bad = run(["check", "-c", path])
            #expect(bad.code == .usage && bad.error.hasSuffix("2 errors.\n"))
        }
    }

    @Test func `keys are made, listed and removed in the store`() throws {
        try withConfiguration { (path, directory) throws in
            let made = run(["keys", "create", "-c", path, "--name", "studio", "--quota", "10GiB"])
            #expect(made.code == .success)
            let text = String(made.output.dropLast())
            let store = try FileJobStore(directory: directory + "/data/store")
            #expect(try store.key(hash: KeyHash.of(text))?.quotaBytes == 10 << 30)
            store.close()
            #expect(run(["keys", "create", "-c", path, "--name", "studio"]).error.contains("already"))
            #expect(run(["keys", "-c", path]).output.contains("studio  0     0     10GiB"))
            #expect(run(["keys", "remove", "-c", path, "--name", "studio"]).code == .success)
            #expect(run(["keys", "remove", "-c", path, "--name", "studio"]).error.contains("no key named studio"))
            #expect(run(["keys", "-c", path]).output == "There are no keys.\n")
            #expect(run(["migrate", "-c", path]).code == .success)
        }
    }

    @Test(arguments: [
        ["keys", "create"], ["keys", "create", "--name", "a b"], ["keys", "create", "--name", "a", "--quota", "much"],
        ["keys", "remove", "--name", "a", "--quota", "1"], ["keys", "list", "--name", "a"], ["keys", "lose"], ["serve", "now"], ["start"],
        [],
    ])
    func `arguments that mean nothing are told`(arguments: [String]) {
        let result = run(arguments)
        #expect(result.code == .usage && result.error.hasPrefix("error: ") && result.output.isEmpty)
    }

    @Test func `help and the manual page know every command`() throws {
        let help = run(["help"]).output
        for command in ["serve", "check", "keys", "migrate", "version"] {
            #expect(help.contains("\n  \(command) "))
            #expect(run(["help", command]).output.hasPrefix("transcode-service \(command)"))
        }
        let shipped = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/man/transcode-service.1")
            .standardized
        #expect(
            try run(["man"]).output == String(contentsOf: shipped, encoding: .utf8),
            "transcode-service man > docs/man/transcode-service.1 brings it up to date")
    }

    /// The program itself: it starts, serves, is asked by the command about keys, opens its log anew on HUP, and stops on TERM.
    @Test func `the program serves until it is asked to stop`() throws {
        try withConfiguration("listen: \"unix:SOCKET\", log: { stdout: false, file: \"LOG\" }, spans: { file: \"SPANS\" }") {
            (path, directory) throws in
            let text = try String(contentsOfFile: path, encoding: .utf8).replacingOccurrences(of: "SOCKET", with: directory + "/s.sock")
                .replacingOccurrences(of: "LOG", with: directory + "/log").replacingOccurrences(of: "SPANS", with: directory + "/spans")
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let program = try ChildProcess(
                [BuiltProducts.path(of: "transcode-service"), "serve", "--config", path], outputPath: directory + "/out",
                errorPath: directory + "/err")
            defer { program.kill() }
            let client = try HTTPClient(endpoint: HTTPEndpoint(url: "unix:\(directory)/s.sock"))
            try waitUntil("the service to be ready; it said \(program.errorText)") {
                (try? client.send(method: .get, target: "/ready", timeoutNanoseconds: 10_000_000_000))?.status == 200
            }
            let made = run(["keys", "create", "-c", path, "--name", "studio"])
            #expect(made.code == .success, "\(made.error)")
            #expect(run(["keys", "list", "-c", path]).output.contains("studio"))
            let headers: HTTPHeaders = ["X-API-Key": String(made.output.dropLast())]
            let body = Array("no video".utf8)
            let response = try client.send(
                method: .post, target: "/api/v1/jobs", headers: headers, bytes: body, timeoutNanoseconds: 60_000_000_000)
            #expect(response.status == 201)
            let location = try #require(response.headers.first("Location"))
            try waitUntil("the job to fail") {
                try client.send(method: .get, target: location, headers: headers, timeoutNanoseconds: 60_000_000_000).bodyText
                    .contains("\"status\":\"failed\"")
            }
            var metrics = ""
            try waitUntil("the worker to be free") {
                metrics = try client.send(method: .get, target: "/metrics", timeoutNanoseconds: 60_000_000_000).bodyText
                return metrics.contains("\nworker_tasks_active 0\n")
            }
            for line in [
                "jobs_queued 0", "jobs_processing 0", "storage_used_bytes{api_key=\"studio\"} 8", "workers_active 2",
                "api_requests_in_progress{method=\"GET\",endpoint=\"/metrics\"} 1", "transcode_service_store_up 1",
                "transcode_service_http_uploads_total 1",
            ] { #expect(metrics.contains("\n\(line)\n"), "\(line)") }
            #expect(metrics.contains("\nprocess_resident_memory_bytes "))
            #expect(!metrics.contains("jobs_created_total"))

            rename(directory + "/log", directory + "/log.1")
            program.signal(SIGHUP)
            try waitUntil("the log to be opened anew") { FileManager.default.fileExists(atPath: directory + "/log") }
            program.signal(SIGTERM)
            #expect(try program.wait() == .exited(0))
            let log = try ["/log.1", "/log"].map { try String(contentsOfFile: directory + $0, encoding: .utf8) }.joined()
            for event in ["job.created", "job.started", "job.failed", "worker.stopped"] { #expect(log.contains("\"event\":\"\(event)\"")) }
            #expect(log.contains("transcode-service has stopped."))
            #expect(try String(contentsOfFile: directory + "/spans", encoding: .utf8).contains("process job"))
            #expect(run(["keys", "list", "-c", path]).output.contains("studio  1     8     none"))
        }
    }

    @Test func `a service that can't start says why`() throws {
        try withConfiguration("listen: \"127.0.0.1:1\"") { (path, directory) throws in
            let store = try FileJobStore(directory: directory + "/data/store")
            defer { store.close() }
            let result = try ChildProcess.run([BuiltProducts.path(of: "transcode-service"), "serve", "-c", path], in: directory)
            #expect(result.ending == .exited(1))
            #expect(result.error.contains("is in use by another instance"))
        }
    }
}
