import Glibc
import SystemIO

/// The dead letters of one output on disk: what was refused, and what a replay has moved aside and not finished.
struct DeadLetters {
    let directory: String
    let output: String

    init(dataDirectory: String, output: String) {
        directory = dataDirectory + "/dead-letter"
        self.output = output
    }

    /// Where a replay puts the files that it works on.
    var replayDirectory: String { "\(directory)/replay/\(output)" }
    private var newest: String { "\(directory)/\(output).jsonl" }

    /// Every file with refused lines, oldest first.
    func files() throws(SystemError) -> [String] { try moved() + present() }

    /// Files that a replay works on, in the order in which they are.
    func moved() throws(SystemError) -> [String] {
        let numbers = try Self.entries(of: replayDirectory).compactMap { name in
            name.hasSuffix(".jsonl") ? UInt64(name.dropLast(6)) : nil
        }
        return numbers.sorted().map { "\(replayDirectory)/\($0).jsonl" }
    }

    /// Files that the agent writes, oldest first.
    func present() throws(SystemError) -> [String] {
        let prefix = "\(output)."
        let older = try Self.entries(of: directory).compactMap { name -> Int? in
            guard name.hasPrefix(prefix), name.hasSuffix(".jsonl") else { return nil }
            return Int(name.dropFirst(prefix.count).dropLast(6))
        }
        let paths = older.sorted(by: >).map { "\(directory)/\(output).\($0).jsonl" }
        return paths + (access(newest, F_OK) == 0 ? [newest] : [])
    }

    /// Moves what the agent has written so far out of its way: it begins a new file with the next line.
    func moveAside() throws(SystemError) {
        let paths = try present()
        guard !paths.isEmpty else { return }
        try Directory.create(replayDirectory)
        var number = (try moved().last.flatMap { $0.split(separator: "/").last.flatMap { UInt64($0.dropLast(6)) } } ?? 0) + 1
        for path in paths {
            // The agent has just given it another name: the next replay finds it.
            guard let file = try Self.open(path) else { continue }
            // The agent appends with the lock held, to the file that has the name then.
            if retryingOnInterrupt({ flock(file.rawValue, LOCK_EX) }) < 0 { throw SystemError(call: "flock", subject: path) }
            let target = "\(replayDirectory)/\(number).jsonl"
            // Of a file that had this number and is done.
            unlink(target + ".done")
            if rename(path, target) < 0 { throw SystemError(call: "rename", subject: "\(path) to \(target)") }
            number += 1
        }
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor? {
        do throws(SystemError) { return try FileDescriptor(opening: path, O_RDWR) } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }

    private static func entries(of directory: String) throws(SystemError) -> [String] {
        do throws(SystemError) { return try Directory.entries(of: directory).map(\.name) } catch {
            if error.code == ENOENT { return [] }
            throw error
        }
    }
}

/// Reads a file of dead letters line by line, with constant memory.
struct DeadLetterReader: ~Copyable {
    private let file: FileDescriptor
    private let path: String
    private var buffer: [UInt8] = []
    private var read: UInt64
    /// Where the next line begins.
    private(set) var offset: UInt64

    init(_ path: String, at offset: UInt64 = 0) throws(SystemError) {
        file = try FileDescriptor(opening: path)
        self.path = path
        self.offset = offset
        read = offset
    }

    /// The next line without its newline; nil at the end. An unfinished last line is one.
    mutating func next() throws(SystemError) -> [UInt8]? {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0a) {
                let line = Array(buffer[..<end])
                buffer.removeFirst(end + 1)
                offset += UInt64(end + 1)
                return line
            }
            searched = buffer.count
            let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
            defer { chunk.deallocate() }
            let count = try file.read(into: chunk, at: read)
            if count == 0 {
                if buffer.isEmpty { return nil }
                defer { buffer = [] }
                offset += UInt64(buffer.count)
                return buffer
            }
            read += UInt64(count)
            buffer += chunk[..<count]
        }
    }
}
