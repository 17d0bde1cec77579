import CZlib

/// zlib's deflate with a gzip wrapper around it.
final class ZlibDeflate {
    /// zlib keeps pointers to it, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let scratch: UnsafeMutableRawBufferPointer

    init(level: Int) {
        scratch = .allocate(byteCount: 32 << 10, alignment: 16)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = deflateInit2_(
            stream, Int32(level), Z_DEFLATED, gzipWrapper, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib takes these arguments as long as there is memory.")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        scratch.deallocate()
    }

    func begin() {
        deflateReset(stream)
    }

    func append(_ piece: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        var rest = piece
        while !rest.isEmpty {
            let part = rest.prefix(Int(UInt32.max))
            run(UnsafeRawBufferPointer(rebasing: part), flush: Z_NO_FLUSH, into: &output)
            rest = UnsafeRawBufferPointer(rebasing: rest[part.endIndex...])
        }
    }

    func finish(into output: inout [UInt8]) {
        run(UnsafeRawBufferPointer(start: nil, count: 0), flush: Z_FINISH, into: &output)
    }

    /// Lets zlib work until it has taken all of `input` and has no more to give.
    private func run(_ input: UnsafeRawBufferPointer, flush: Int32, into output: inout [UInt8]) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(input.count)
        repeat {
            stream.pointee.next_out = scratch.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(scratch.count)
            deflate(stream, flush)
            output.append(contentsOf: scratch.prefix(scratch.count - Int(stream.pointee.avail_out)))
        } while stream.pointee.avail_out == 0
    }
}

/// `windowBits` for a window of 32 KiB and gzip's header and trailer instead of zlib's.
let gzipWrapper: Int32 = 15 + 16
