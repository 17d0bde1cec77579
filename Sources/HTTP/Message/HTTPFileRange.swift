import Glibc
import SystemIO

/// Bytes of an open file that are sent as a body, read piece by piece while the client takes them.
///
/// The file must keep at least its size for as long: a body that can't be sent whole ends the connection.
package final class HTTPFileRange: Sendable, Equatable {
    private let file: FileDescriptor
    let start: UInt64
    package let count: UInt64

    package init(of file: consuming FileDescriptor, start: UInt64, count: UInt64) {
        self.file = file
        self.start = start
        self.count = count
    }

    package static func == (left: HTTPFileRange, right: HTTPFileRange) -> Bool { left === right }

    /// Up to `limit` bytes from `offset` of the range on; fewer only at the range's end. nil when the file no longer has them.
    func read(at offset: UInt64, limit: Int) -> [UInt8]? {
        let wanted = Int(min(UInt64(limit), count - offset))
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            while filled < wanted {
                let rest = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[filled..<wanted]))
                guard let read = try? file.read(into: rest, at: start + offset + UInt64(filled)), read > 0 else { return }
                filled += read
            }
        }
        return bytes.count == wanted ? bytes : nil
    }
}
