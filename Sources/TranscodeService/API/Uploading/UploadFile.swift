import Glibc
import SystemIO

/// A file that grows while its upload arrives, in `uploads/tmp` of the data directory. It goes away unless it becomes a job's input.
///
/// It is locked for as long as it is open, so that another instance that looks for what was left behind leaves it alone.
struct UploadFile: ~Copyable {
    private let descriptor: FileDescriptor
    private let path: String
    private(set) var byteCount: UInt64 = 0
    private var isPublished = false

    static func directory(of files: JobFiles) -> String { files.uploadsDirectory + "/tmp" }

    init(named name: String, in files: JobFiles) throws(SystemError) {
        path = Self.directory(of: files) + "/" + name
        descriptor = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, permissions: 0o640)
        _ = flock(descriptor.rawValue, LOCK_EX | LOCK_NB)
    }

    deinit {
        if !isPublished { unlink(path) }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        do throws(SystemError) { try descriptor.writeAll(bytes) } catch {
            throw SystemError(call: error.call, subject: path, code: error.code)
        }
        byteCount += UInt64(bytes.count)
    }

    /// Makes it the input of `jobID`: whole, and on the device, when this returns. On an error nothing of it is left.
    mutating func publish(as jobID: String, in files: JobFiles) throws(SystemError) {
        try descriptor.synchronize()
        let directory = files.uploadDirectory(jobID)
        do throws(SystemError) {
            try Directory.create(directory)
            if rename(path, files.inputPath(jobID)) < 0 {
                throw SystemError(call: "rename", subject: "\(path) to \(files.inputPath(jobID))")
            }
            isPublished = true
            try Self.synchronize(directory)
            try Self.synchronize(files.uploadsDirectory)
        } catch {
            try? Directory.removeTree(directory)
            throw error
        }
    }

    private static func synchronize(_ directory: String) throws(SystemError) {
        let names = try FileDescriptor(opening: directory, O_RDONLY | O_DIRECTORY)
        if retryingOnInterrupt({ fsync(names.rawValue) }) < 0 { throw SystemError(call: "fsync", subject: directory) }
    }

    /// Makes the directory, and removes what instances that were killed have left in it. Gives how many files that were.
    static func prepare(_ files: JobFiles) throws(SystemError) -> Int {
        let directory = directory(of: files)
        try Directory.create(directory)
        var removed = 0
        for entry in try Directory.entries(of: directory) {
            let path = directory + "/" + entry.name
            // Whoever still writes to it holds its lock.
            guard let file = try? FileDescriptor(opening: path, O_WRONLY | O_NOFOLLOW), flock(file.rawValue, LOCK_EX | LOCK_NB) == 0,
                unlink(path) == 0
            else { continue }
            removed += 1
        }
        return removed
    }
}
