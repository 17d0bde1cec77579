import Gzip
import SystemIO

/// Gives the content of a gzip file from any offset on. Reading forward is streaming; going back begins at the file's start again.
///
/// Holds what one read brought, so that a line that was not complete then is there again, and a decoder: about half a MiB.
final class GzipInflation {
    /// What stands behind the content that was given.
    enum Ending: Equatable {
        /// More content.
        case more
        /// The file's end, after a whole member.
        case complete
        /// The file's end, in the middle of a member.
        case truncated
        /// Bytes that can't be inflated.
        case damaged(GzipError)
    }

    private var decoder = GzipDecoder()
    private var failure: GzipError?
    /// Content from `heldStart` up to where the decoder is.
    private var held: [UInt8] = []
    private var heldStart: UInt64 = 0
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var inputEnd = 0
    private var inputPosition = 0
    /// How much of the file was read.
    private(set) var inputOffset: UInt64 = 0

    /// Deflate grows at most by about 1,000, so that this much input brings at most a MiB.
    private static let feedBytes = 1 << 10

    deinit { input.deallocate() }

    private var position: UInt64 { heldStart + UInt64(held.count) }

    /// Whether content at `offset` can be given without beginning at the file's start again, and how far the decoder has to go for it.
    func distance(to offset: UInt64) -> UInt64? {
        if offset < heldStart { return nil }
        return offset > position ? offset - position : 0
    }

    /// Fills `buffer` with the content from `offset` on, as far as there is any. `readFile` reads the file at an offset of its own.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64,
        readFile: (UnsafeMutableRawBufferPointer, UInt64) throws(SystemError) -> Int
    ) throws(SystemError) -> (count: Int, ending: Ending) {
        if offset < heldStart { restart() }
        let over = min(offset - heldStart, UInt64(held.count))
        held.removeFirst(Int(over))
        heldStart += over
        var ending = Ending.more
        while position < offset + UInt64(buffer.count) {
            if let failure {
                ending = .damaged(failure)
                break
            }
            if inputPosition == inputEnd {
                inputPosition = 0
                inputEnd = try readFile(input, inputOffset)
                inputOffset += UInt64(inputEnd)
                if inputEnd == 0 {
                    ending = isBetweenMembers ? .complete : .truncated
                    break
                }
            }
            let feed = input[inputPosition..<min(inputEnd, inputPosition + Self.feedBytes)]
            inputPosition = feed.endIndex
            do throws(GzipError) {
                try decoder.append(UnsafeRawBufferPointer(rebasing: feed)) { keep($0, from: offset) }
            } catch {
                failure = error
            }
        }
        guard offset >= heldStart else { return (0, ending) }
        let count = min(buffer.count, held.count)
        held.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        return (count, count == buffer.count && position > offset + UInt64(count) ? .more : ending)
    }

    private var isBetweenMembers: Bool {
        do throws(GzipError) {
            try decoder.finish()
            return true
        } catch {
            return false
        }
    }

    /// Takes inflated `bytes`; what stands before `offset` is passed over.
    private func keep(_ bytes: UnsafeRawBufferPointer, from offset: UInt64) {
        var bytes = bytes
        if position < offset {
            let passed = Int(min(offset - position, UInt64(bytes.count)))
            heldStart += UInt64(passed)
            bytes = UnsafeRawBufferPointer(rebasing: bytes[passed...])
        }
        held.append(contentsOf: bytes)
    }

    private func restart() {
        decoder = GzipDecoder()
        failure = nil
        held.removeAll(keepingCapacity: true)
        heldStart = 0
        inputEnd = 0
        inputPosition = 0
        inputOffset = 0
    }
}
