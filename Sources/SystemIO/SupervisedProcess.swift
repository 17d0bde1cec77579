import CLinux
import Glibc

/// A program that this process has started, in a process group of its own, with pipes for what it writes.
///
/// It is started by way of a small program that makes the kernel send it a signal when the thread that started it ends, sets its limits,
/// and tells whether the program could be started: ``SupervisedProcess/launch(_:)``.
package struct SupervisedProcess: ~Copyable {
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// What the program is held to.
    package struct Restraints: Equatable, Sendable {
        /// What the kernel sends it when the thread that started it ends.
        package var deathSignal = SIGTERM
        /// The largest file it may write: one byte more gives it SIGXFSZ (`RLIMIT_FSIZE`).
        package var maximumFileBytes: UInt64?
        /// Added to its `nice` value, so that others go first.
        package var niceness: Int32 = 0
        /// 0 to 1000: how much rather than others the kernel kills it when memory runs out (`oom_score_adj`).
        package var outOfMemoryScore: Int32 = 0

        package init() {}

        /// One word of the launcher's command line.
        fileprivate var text: String { "\(deathSignal),\(maximumFileBytes ?? 0),\(niceness),\(outOfMemoryScore)" }

        fileprivate init?(_ text: String) {
            let numbers = text.split(separator: ",").map { UInt64($0) }
            guard numbers.count == 4, let signal = numbers[0], let bytes = numbers[1], let niceness = numbers[2], let score = numbers[3]
            else { return nil }
            deathSignal = Int32(clamping: signal)
            maximumFileBytes = bytes == 0 ? nil : bytes
            self.niceness = Int32(clamping: niceness)
            outOfMemoryScore = Int32(clamping: score)
        }
    }

    package let pid: pid_t
    package let output: FileDescriptor
    package let error: FileDescriptor
    /// Readable once the program has ended; -1 where the kernel has no such descriptors.
    package var endDescriptor: Int32 { end.rawValue }
    private let end: FileDescriptor

    /// The first argument that leads to ``launch(_:)``.
    package static let launchArgument = "__launch"
    private static let statusDescriptor: Int32 = 3

    /// Starts `arguments`, whose first is looked for on the `PATH` of `environment` (`NAME=value`) where it has no slash.
    /// `launcher` is this process's own program.
    package init(
        _ arguments: [String], environment: [String], workingDirectory: String?, restraints: Restraints = Restraints(),
        launcher: String = "/proc/self/exe"
    ) throws(SystemError) {
        let out = try Self.pipe()
        let err = try Self.pipe()
        let status = try Self.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, out.writing.rawValue, 1)
        posix_spawn_file_actions_adddup2(&actions, err.writing.rawValue, 2)
        posix_spawn_file_actions_adddup2(&actions, status.writing.rawValue, Self.statusDescriptor)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process ignores or blocks is not for the other to inherit.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        let words = [launcher, Self.launchArgument, String(getpid()), restraints.text, workingDirectory ?? ""] + arguments
        var pid: pid_t = 0
        let code = Self.withCStrings(words) { words in
            Self.withCStrings(environment) { posix_spawn(&pid, launcher, &actions, &attributes, words, $0) }
        }
        if code != 0 { throw SystemError(call: "posix_spawn", subject: launcher, code: code) }
        let outputEnd = Self.readingEnd(out)
        let errorEnd = Self.readingEnd(err)
        let statusEnd = Self.readingEnd(status)
        if let failure = Self.failure(from: statusEnd, arguments: arguments, workingDirectory: workingDirectory) {
            var ignored: Int32 = 0
            _ = retryingOnInterrupt { waitpid(pid, &ignored, 0) }
            throw failure
        }
        self.pid = pid
        end = FileDescriptor(owning: pidfd_open(pid, 0))
        output = outputEnd
        error = errorEnd
    }

    /// Closes the other one, so that the pipe ends with the program.
    private static func readingEnd(_ pipe: consuming Pipe) -> FileDescriptor { pipe.reading }

    /// Sends a signal to the program itself.
    package func signal(_ number: Int32) { kill(pid, number) }

    /// Sends a signal to every process of its group. To be called before ``reap()``: later the number may be another's.
    package func signalGroup(_ number: Int32) { kill(-pid, number) }

    /// Whether it has ended. Its number stays taken until ``reap()``.
    package var hasEnded: Bool {
        var information = siginfo_t()
        return retryingOnInterrupt { waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | Int32(WNOWAIT)) } == 0
            && information.si_signo == SIGCHLD
    }

    /// Waits for its end, and gives its number back.
    package consuming func reap() -> Ending {
        var status: Int32 = 0
        let pid = pid
        _ = retryingOnInterrupt { waitpid(pid, &status, 0) }
        return status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
    }

    // MARK: Between the two programs

    /// What the launcher does: becomes the program, or says why it can't and ends. `arguments`: those after ``launchArgument``.
    package static func launch(_ arguments: [String]) -> Never {
        guard arguments.count >= 4, let parent = pid_t(arguments[0]), let restraints = Restraints(arguments[1]) else { exit(64) }
        _ = fcntl(statusDescriptor, F_SETFD, FD_CLOEXEC)
        // PR_SET_PDEATHSIG. Whoever started this may have ended before.
        if prctl(1, UInt(restraints.deathSignal), 0, 0, 0) != 0 { fail("prctl") }
        if getppid() != parent { exit(0) }
        if restraints != Restraints() { restrain(restraints) }
        if !arguments[2].isEmpty && chdir(arguments[2]) != 0 { fail("chdir") }
        let command = Array(arguments.dropFirst(3))
        withCStrings(command) { _ = execvp(command[0], $0) }
        fail("execvp")
    }

    private static func restrain(_ restraints: Restraints) {
        if let bytes = restraints.maximumFileBytes {
            var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
            if setrlimit(__rlimit_resource_t(UInt32(RLIMIT_FSIZE.rawValue)), &limit) != 0 { fail("setrlimit") }
        }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &none)
        // Without effect where it is not allowed: these only decide who goes first.
        if restraints.niceness != 0 { _ = nice(restraints.niceness) }
        if restraints.outOfMemoryScore != 0 {
            try? FileDescriptor(opening: "/proc/self/oom_score_adj", O_WRONLY).writeAll("\(restraints.outOfMemoryScore)")
        }
    }

    private static func fail(_ call: String) -> Never {
        let text = "\(errno) \(call)"
        _ = text.withCString { write(statusDescriptor, $0, strlen($0)) }
        exit(127)
    }

    private static func failure(
        from status: borrowing FileDescriptor, arguments: [String], workingDirectory: String?
    ) -> SystemError? {
        var bytes = [UInt8](repeating: 0, count: 64)
        // Ends without a byte once the launcher has become the program.
        let count = bytes.withUnsafeMutableBytes { (try? status.read(into: $0)) ?? nil } ?? 0
        let words = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        guard words.count == 2, let code = Int32(words[0]) else { return nil }
        return SystemError(call: String(words[1]), subject: words[1] == "chdir" ? workingDirectory ?? "" : arguments[0], code: code)
    }

    private struct Pipe: ~Copyable {
        var reading: FileDescriptor
        var writing: FileDescriptor
    }

    private static func pipe() throws(SystemError) -> Pipe {
        var ends: (Int32, Int32) = (-1, -1)
        let code = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { pipe2($0, O_CLOEXEC) }
        }
        if code < 0 { throw SystemError(call: "pipe2", subject: "") }
        return Pipe(reading: FileDescriptor(owning: ends.0), writing: FileDescriptor(owning: ends.1))
    }

    private static func withCStrings<Result>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        return body(pointers)
    }
}
