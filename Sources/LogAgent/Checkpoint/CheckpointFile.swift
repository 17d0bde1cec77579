import Glibc
import SystemIO

/// The one file that the agent starts from again, under its data directory.
struct CheckpointFile: Sendable {
    let path: String

    init(dataDirectory: String) {
        path = dataDirectory + "/checkpoint"
    }

    /// nil where there is none: a first start.
    func load() throws(CheckpointError) -> Checkpoint? {
        let bytes: [UInt8]
        do throws(SystemError) {
            let file = try FileDescriptor(opening: path)
            let size = Int(try FileStatus(ofDescriptor: file).size)
            bytes = try readAll(file, size: size)
        } catch {
            if error.code == ENOENT { return nil }
            throw .unreadable(error.description)
        }
        return try CheckpointCoding.decode(bytes)
    }

    private func readAll(_ file: borrowing FileDescriptor, size: Int) throws(SystemError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
        defer { buffer.deallocate() }
        var filled = 0
        while filled < size {
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<size]), at: UInt64(filled))
            if count == 0 { break }
            filled += count
        }
        return Array(buffer[..<filled])
    }

    func write(_ bytes: [UInt8]) throws(SystemError) {
        try AtomicFileReplacement.write(bytes, to: path)
    }

    /// Moves a checkpoint that can't be used out of the way, under a name that tells when. Gives that name.
    func setAside() throws(SystemError) -> String {
        let aside = "\(path).unusable-\(SystemClock.wallNanoseconds() / 1_000_000_000)"
        if rename(path, aside) < 0 { throw SystemError(call: "rename", subject: "\(path) to \(aside)") }
        return aside
    }
}
