import Glibc
import SystemIO

/// One file that lines are appended to, rotated by size as a service or logrotate would do it.
final class LogFile {
    private let path: String
    private let rotateBytes: Int?
    private let rotation: GeneratorOptions.Rotation
    private var descriptor: FileDescriptor
    private var size: Int
    private var rotations = 0

    /// Opens `path` for appending, or takes standard output for `-`.
    init(path: String, rotateBytes: Int?, rotation: GeneratorOptions.Rotation) throws(SystemError) {
        self.path = path
        self.rotateBytes = rotateBytes
        self.rotation = rotation
        descriptor = path == "-" ? FileDescriptor(owning: dup(1)) : try Self.open(path)
        size = Int(try FileStatus(ofDescriptor: descriptor).size)
    }

    /// Whole lines, by one `write(2)` unless the kernel takes less. A full file is rotated first.
    func append(_ lines: UnsafeRawBufferPointer) throws(SystemError) {
        if let rotateBytes, size >= rotateBytes { try rotate() }
        try descriptor.writeAll(lines)
        size += lines.count
    }

    private func rotate() throws(SystemError) {
        // Names left by an earlier run stay as they are.
        repeat { rotations += 1 } while access("\(path).\(rotations)", F_OK) == 0
        let old = "\(path).\(rotations)"
        switch rotation {
        case .rename:
            if Glibc.rename(path, old) != 0 { throw SystemError(call: "rename", subject: path) }
            descriptor = try Self.open(path)
        case .copytruncate:
            try copy(to: old)
            if ftruncate(descriptor.rawValue, 0) != 0 { throw SystemError(call: "ftruncate", subject: path) }
        }
        size = 0
    }

    private func copy(to target: String) throws(SystemError) {
        let source = try FileDescriptor(opening: path)
        let copy = try FileDescriptor(opening: target, O_WRONLY | O_CREAT | O_TRUNC, permissions: 0o644)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { chunk.deallocate() }
        while let count = try source.read(into: chunk), count > 0 {
            try copy.writeAll(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
        }
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_APPEND, permissions: 0o644)
    }
}
