import Foundation
import Synchronization
import SystemIO

/// A program that runs beside the test. Its output goes into files, so that it never waits for the test to read.
package final class ChildProcess: Sendable {
    package struct Failed: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    /// How a process ended.
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    package let pid: pid_t
    private let outputPath: String
    private let errorPath: String
    private let ending = Mutex<Ending?>(nil)

    /// Starts `arguments[0]`, which is looked for on the `PATH`. Standard output and error go to `outputPath` and `errorPath`; standard
    /// input is `input`, a descriptor of the test, or nothing.
    package init(_ arguments: [String], input: Int32? = nil, outputPath: String, errorPath: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        var pid: pid_t = 0
        let result = posix_spawnp(&pid, arguments[0], &actions, nil, &pointers, environ)
        guard result == 0 else { throw Failed(description: "can't start \(arguments[0]): \(String(cString: strerror(result)))") }
        self.pid = pid
        self.outputPath = outputPath
        self.errorPath = errorPath
    }

    package var outputText: String { Self.text(outputPath) }
    package var errorText: String { Self.text(errorPath) }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// nil while it runs.
    package var currentEnding: Ending? {
        ending.withLock { ending in
            if ending != nil { return ending }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            ending = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
            return ending
        }
    }

    package var isRunning: Bool { currentEnding == nil }

    /// In bytes: `VmRSS` now, or `VmHWM` at its highest.
    package func memory(_ field: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        for line in text.split(separator: "\n") where line.hasPrefix(field + ":") {
            return (Int(line.split { $0 == " " || $0 == "\t" }[1]) ?? 0) * 1024
        }
        throw Failed(description: "/proc/\(pid)/status has no \(field)")
    }

    package func signal(_ number: Int32) {
        // Never after it was waited for: the number may be another process's by then.
        ending.withLock { if $0 == nil { _ = Glibc.kill(pid, number) } }
    }

    @discardableResult
    package func wait(seconds: Double = 60) throws -> Ending {
        var found: Ending?
        do {
            try waitUntil("the end of process \(pid)", seconds: seconds) {
                found = currentEnding
                return found != nil
            }
        } catch {
            throw Failed(description: "\(error); it said:\n\(errorText.suffix(4000))")
        }
        return found ?? .exited(-1)
    }

    /// Ends it at once, if it still runs.
    package func kill() {
        signal(SIGKILL)
        _ = try? wait()
    }

    /// Runs a program to its end.
    package static func run(_ arguments: [String], in directory: String, seconds: Double = 60) throws -> (
        ending: Ending, output: String, error: String
    ) {
        let name = directory + "/" + UUID().uuidString
        let process = try ChildProcess(arguments, outputPath: name + ".out", errorPath: name + ".err")
        defer { process.kill() }
        let ending = try process.wait(seconds: seconds)
        return (ending, process.outputText, process.errorText)
    }
}
