import Glibc
import Gzip
import SystemIO

/// What script/bench measures beside `gzip -1`: the compressor of push bodies alone.
///
///     log-compressor FILE     writes FILE to standard output, a gzip member for each MiB of it
@main
struct LogCompressorCommand {
    private static let memberBytes = 1 << 20

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 2 else { fail("usage: log-compressor FILE", 2) }
        do throws(SystemError) {
            try compress(FileDescriptor(opening: arguments[1]), to: FileDescriptor(owning: 1))
        } catch {
            fail("log-compressor: \(error)", 1)
        }
    }

    private static func compress(_ input: borrowing FileDescriptor, to output: borrowing FileDescriptor) throws(SystemError) {
        let encoder = GzipEncoder(level: .fast)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: memberBytes, alignment: 16)
        defer { piece.deallocate() }
        var member: [UInt8] = []
        var offset: UInt64 = 0
        while case let count = try input.read(into: piece, at: offset), count > 0 {
            member.removeAll(keepingCapacity: true)
            encoder.compress(UnsafeRawBufferPointer(rebasing: piece[..<count]), into: &member)
            try output.writeAll(member)
            offset += UInt64(count)
        }
    }

    private static func fail(_ message: String, _ code: Int32) -> Never {
        try? FileDescriptor(owning: dup(2)).writeAll(message + "\n")
        exit(code)
    }
}
