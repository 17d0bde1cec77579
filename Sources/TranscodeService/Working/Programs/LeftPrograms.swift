import CLinux
import Glibc
import SystemIO

/// What the programs of a killed service have started. The programs themselves die with it (`PR_SET_PDEATHSIG`), and a service that
/// stops in order ends their whole group; but a child of theirs outlives a `kill -9` of the service, and may work on for hours.
///
/// They are known by a variable that every program gets in its environment, and gives to what it starts.
struct LeftPrograms {
    private static let variable = "TRANSCODE_SERVICE"
    private static let maximumEnvironmentBytes = 256 << 10

    let dataDirectory: String

    /// For the environment of a program: `TRANSCODE_SERVICE=` with the service's number, the time of its start and its directory.
    var mark: String { "\(Self.variable)=\(getpid()):\(Self.startTicks(of: getpid()) ?? 0):\(dataDirectory)" }

    /// Kills those whose service is gone, and gives how many.
    func end() -> Int {
        let processes = ((try? Directory.entries(of: "/proc")) ?? []).compactMap { pid_t($0.name) }
        return processes.count { $0 != getpid() && endIfLeft($0) }
    }

    private func endIfLeft(_ process: pid_t) -> Bool {
        // Opened first: should the number go to another process meanwhile, the signal goes to nobody.
        let descriptor = FileDescriptor(owning: pidfd_open(process, 0))
        guard descriptor.rawValue >= 0, let service = service(of: process), Self.startTicks(of: service.pid) != service.startTicks else {
            return false
        }
        return pidfd_send_signal(descriptor.rawValue, SIGKILL, nil, 0) == 0
    }

    /// The service that `process` works for, where it has this directory. nil also for a process of somebody else.
    private func service(of process: pid_t) -> (pid: pid_t, startTicks: UInt64)? {
        guard let environment = Self.read("/proc/\(process)/environ", maximumBytes: Self.maximumEnvironmentBytes) else { return nil }
        let start = Array("\(Self.variable)=".utf8)
        guard let entry = environment.split(separator: 0).first(where: { $0.starts(with: start) }) else { return nil }
        let parts = String(decoding: entry.dropFirst(start.count), as: UTF8.self).split(
            separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == dataDirectory, let pid = pid_t(parts[0]), let ticks = UInt64(parts[1]) else { return nil }
        return (pid, ticks)
    }

    /// When a process was started, in ticks since the machine was; nil where there is none, or where it has ended and was not waited for.
    private static func startTicks(of process: pid_t) -> UInt64? {
        guard let bytes = read("/proc/\(process)/stat", maximumBytes: 4096) else { return nil }
        // `123 (any name) S 1 …`: the state, and the start as the 20th after it (proc_pid_stat(5)).
        let words = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        guard words.count > 19, words[0] != "Z", words[0] != "X" else { return nil }
        return UInt64(words[19])
    }

    private static func read(_ path: String, maximumBytes: Int) -> [UInt8]? {
        guard let file = try? FileDescriptor(opening: path) else { return nil }
        var bytes = [UInt8](repeating: 0, count: maximumBytes)
        var filled = 0
        while filled < maximumBytes {
            let start = filled
            let count = bytes.withUnsafeMutableBytes { raw in
                (try? file.read(into: UnsafeMutableRawBufferPointer(rebasing: raw[start...]))) ?? nil
            }
            guard let count, count > 0 else { break }
            filled += count
        }
        return Array(bytes[..<filled])
    }
}
