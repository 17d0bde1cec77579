import Glibc
import OTLP
import Synchronization

/// New ids, from the kernel's random numbers: they can't be guessed, and no two processes share them. Bytes are fetched in blocks, so
/// that an id costs no system call.
final class TraceIDSource: Sendable {
    private struct Block {
        var words: [64 of UInt64] = .init(repeating: 0)
        /// How many of `words` are used.
        var used = 64
    }

    private let block = Mutex(Block())

    func traceID() -> TraceID {
        while true {
            let id = block.withLock { TraceID(high: Self.next(&$0), low: Self.next(&$0)) }
            if id.isValid { return id }
        }
    }

    func spanID() -> SpanID {
        while true {
            let id = block.withLock { SpanID(Self.next(&$0)) }
            if id.isValid { return id }
        }
    }

    private static func next(_ block: inout Block) -> UInt64 {
        if block.used == 64 {
            var generator = SystemRandomNumberGenerator()
            // At most 256 bytes are given in one piece; the kernel has them once the machine has booted.
            let isFilled = withUnsafeMutableBytes(of: &block.words) { bytes in
                getentropy(bytes.baseAddress, 256) == 0 && getentropy(bytes.baseAddress.map { $0 + 256 }, 256) == 0
            }
            if !isFilled { for index in 0..<64 { block.words[index] = generator.next() } }
            block.used = 0
        }
        defer { block.used += 1 }
        return block.words[block.used]
    }
}
