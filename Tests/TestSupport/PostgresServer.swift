import Foundation
import Synchronization
import SystemIO

/// A PostgreSQL server on a Unix socket in a temporary directory. It ends with this process, however that ends.
package final class PostgresServer: Sendable {
    package struct Failed: Error, CustomStringConvertible {
        package let description: String
    }

    private static let programs = "/usr/lib/postgresql/15/bin"
    private static let common = Mutex<PostgresServer?>(nil)

    private let directory: String
    private let databases = Atomic(0)
    private let running = Mutex<Running?>(nil)

    private struct Running: Sendable {
        let process: ChildProcess
        /// Ends the thread that started it.
        let end: EventDescriptor
        let thread: WorkerThread
    }

    /// One for all tests of the process, started by the first that wants it.
    package static func shared() throws -> PostgresServer {
        try common.withLock { common in
            if let common { return common }
            let server = try PostgresServer()
            common = server
            atexit { PostgresServer.common.withLock { $0 }?.remove() }
            return server
        }
    }

    /// Makes and starts a server. To be ended with ``remove()``.
    package init() throws {
        guard FileManager.default.isExecutableFile(atPath: Self.programs + "/postgres") else {
            throw Failed(description: "there is no \(Self.programs)/postgres: install Debian's postgresql-15 with script/setup")
        }
        // Short, for a socket's path has at most 107 bytes.
        var template = Array("/tmp/tailspan-pg-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError(call: "mkdtemp", subject: "/tmp/tailspan-pg-XXXXXX") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do {
            if geteuid() == 0 {
                // The server refuses to run as root.
                guard let user = getpwnam("postgres") else {
                    throw Failed(description: "there is no user postgres: install Debian's postgresql-15 with script/setup")
                }
                guard chown(directory, user.pointee.pw_uid, user.pointee.pw_gid) == 0 else {
                    throw SystemError(call: "chown", subject: directory)
                }
            }
            let made = try ChildProcess.run(
                asServerUser([
                    Self.programs + "/initdb", "--pgdata=\(directory)/data", "--username=postgres", "--auth=trust", "--encoding=UTF8",
                    "--locale=C", "--no-sync",
                ]), in: directory)
            guard made.ending == .exited(0) else { throw Failed(description: "initdb: \(made.error)") }
            try start()
        } catch {
            try? FileManager.default.removeItem(atPath: directory)
            throw error
        }
    }

    /// A new empty database, as connection text.
    package func newDatabase() throws -> String {
        let name = "test\(databases.add(1, ordering: .relaxed).newValue)"
        let made = try ChildProcess.run(
            [Self.programs + "/createdb", "--host=\(directory)", "--username=postgres", name], in: NSTemporaryDirectory())
        guard made.ending == .exited(0) else { throw Failed(description: "createdb: \(made.error)") }
        return connection(to: name)
    }

    package func connection(to database: String) -> String { "postgresql:///\(database)?host=\(directory)&user=postgres" }

    /// Starts it again after ``stop(immediately:)``, and returns when it takes connections.
    package func start() throws {
        let end = try EventDescriptor()
        let arguments = asServerUser([
            Self.programs + "/postgres", "-D", directory + "/data", "-k", directory, "-c", "listen_addresses=", "-c",
            "max_connections=200", "-c", "shared_buffers=16MB", "-c", "fsync=off", "-c",
            "full_page_writes=off", "-c", "autovacuum=off", "-c", "deadlock_timeout=100ms",
        ])
        let log = directory + "/log"
        // The kernel tells a process of the end of the thread that started it, so that one has to stay.
        let started = ResultBox()
        let thread = try WorkerThread("postgres", stackBytes: 512 << 10) {
            var none = sigset_t()
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, nil)
            started.set(Result { try ChildProcess(arguments, outputPath: log, errorPath: log) })
            while !Poll.readable([end.rawValue], milliseconds: nil)[0] {}
        }
        try waitUntil("the start of a server") { started.isSet }
        let process = try started.get()
        running.withLock { $0 = Running(process: process, end: end, thread: thread) }
        do {
            try waitUntil("a server that takes connections") {
                guard process.isRunning else { throw Failed(description: "postgres has ended: \(process.errorText.suffix(2_000))") }
                let status = FileManager.default.contents(atPath: directory + "/data/postmaster.pid") ?? Data()
                return String(decoding: status, as: UTF8.self).split(separator: "\n").last?.hasPrefix("ready") ?? false
            }
        } catch {
            stop(immediately: true)
            throw error
        }
    }

    /// Ends it, and with it all connections. `immediately`: as in a crash, without a word to anybody.
    package func stop(immediately: Bool = false) {
        guard
            let running = running.withLock({ running in
                defer { running = nil }
                return running
            })
        else { return }
        running.process.signal(immediately ? SIGQUIT : SIGINT)
        _ = try? running.process.wait()
        running.process.kill()
        running.end.signal()
        running.thread.join()
    }

    /// Ends it, and removes its files.
    package func remove() {
        stop(immediately: true)
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func asServerUser(_ command: [String]) -> [String] {
        let user = geteuid() == 0 ? ["--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
        return ["setpriv"] + user + ["--pdeathsig=INT"] + command
    }
}

/// What another thread has made.
private final class ResultBox: Sendable {
    private let result = Mutex<Result<ChildProcess, any Error>?>(nil)

    func set(_ new: Result<ChildProcess, any Error>) { result.withLock { $0 = new } }

    var isSet: Bool { result.withLock { $0 != nil } }

    func get() throws -> ChildProcess {
        guard let result = result.withLock({ $0 }) else { throw PostgresServer.Failed(description: "nothing was started") }
        return try result.get()
    }
}
