import Glibc
import SystemIO

/// Why ``SmallFile`` gave nothing.
package enum SmallFileError: Error, Equatable, CustomStringConvertible {
    case unreadable(SystemError)
    case tooLarge(path: String, maximumBytes: Int)

    package var description: String {
        switch self {
        case .unreadable(let error): "\(error)"
        case .tooLarge(let path, let maximumBytes): "\(path) is larger than \(maximumBytes) bytes"
        }
    }
}

/// Reads whole files of bounded size.
package enum SmallFile {
    package static func read(_ path: String, maximumBytes: Int) throws(SmallFileError) -> [UInt8] {
        do throws(SystemError) {
            // A FIFO without a writer must not hold the reader up.
            let file = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK)
            let status = try FileStatus(ofDescriptor: file)
            // Process substitution and /dev/stdin are pipes: they are as good as files. A directory is not.
            if status.kind == .directory { throw SystemError(call: "read", subject: path, code: EISDIR) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while bytes.count <= maximumBytes {
                let count = try readChunk(file, into: &chunk)
                if count == 0 { return bytes }
                bytes += chunk[..<count]
            }
        } catch {
            throw .unreadable(SystemError(call: error.call, subject: path, code: error.code))
        }
        throw .tooLarge(path: path, maximumBytes: maximumBytes)
    }

    private static func readChunk(_ file: borrowing FileDescriptor, into chunk: inout [UInt8]) throws(SystemError) -> Int {
        while true {
            let descriptor = file.rawValue
            let count = chunk.withUnsafeMutableBytes { raw in retryingOnInterrupt { Glibc.read(descriptor, raw.baseAddress, raw.count) } }
            if count >= 0 { return count }
            guard errno == EAGAIN else { throw SystemError(call: "read", subject: "descriptor \(descriptor)") }
            // An empty pipe: its writer gets five seconds.
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if Glibc.poll(&poll, 1, 5_000) == 0 { throw SystemError(call: "read", subject: "descriptor \(descriptor)", code: ETIMEDOUT) }
        }
    }
}
