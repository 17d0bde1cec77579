import CZlib

/// Inflates gzip data (RFC 1952): one member or several in a row, as they come, up to a limit.
///
/// A decoder belongs to one thread and is good for one file. It holds about 100 KiB, whatever the size of the data.
package final class GzipDecoder {
    /// zlib keeps pointers to it, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let scratch: UnsafeMutableRawBufferPointer
    private let maximumBytes: Int
    private var completeMembers = 0
    private var inflatedBytes = 0
    /// Of the input, before the present member.
    private var memberOffset = 0
    /// Of what the present member has inflated to so far.
    private var checksum: UInt32 = 0
    private var trailer = MemberTrailer()
    private var failure: GzipError?

    /// A decoder for data that inflates to at most `maximumBytes`.
    package init(maximumBytes: Int = .max) {
        self.maximumBytes = maximumBytes
        scratch = .allocate(byteCount: 64 << 10, alignment: 16)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = inflateInit2_(stream, gzipWrapper, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib takes these arguments as long as there is memory.")
        // zlib's own checksum takes a sixth of the time; ``CRC32`` is faster. What goes unchecked is the rare checksum of a header, of which
        // nothing is used.
        inflateValidate(stream, 0)
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        scratch.deallocate()
    }

    /// Inflates all of `input`, which must not be larger than `maximumBytes` afterwards.
    package static func decompress(_ input: UnsafeRawBufferPointer, maximumBytes: Int) throws(GzipError) -> [UInt8] {
        let decoder = GzipDecoder(maximumBytes: maximumBytes)
        if let output = decoder.inflateAtOnce(input) { return output }
        var output: [UInt8] = []
        try decoder.append(input) { output.append(contentsOf: $0) }
        try decoder.finish()
        return output
    }

    /// Inflates all of `input`, which must not be larger than `maximumBytes` afterwards.
    package static func decompress(_ input: [UInt8], maximumBytes: Int) throws(GzipError) -> [UInt8] {
        try input.span.bytes.withUnsafeBytes { (raw) throws(GzipError) in try decompress(raw, maximumBytes: maximumBytes) }
    }

    /// What one member of the size that its trailer gives inflates to, straight into its place and without zlib's own window; nil for
    /// anything else, with nothing done.
    private func inflateAtOnce(_ input: UnsafeRawBufferPointer) -> [UInt8]? {
        guard input.count >= MemberTrailer.count, input.count <= Int(UInt32.max) else { return nil }
        var trailer = MemberTrailer()
        trailer.note(input)
        // Room for what may not be true, within reason.
        let size = Int(trailer.size)
        guard size > 0, size <= maximumBytes, size / Self.usualRatio <= input.count else { return nil }
        let output = [UInt8](unsafeUninitializedCapacity: size) { room, count in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.pointee.avail_in = UInt32(input.count)
            stream.pointee.next_out = room.baseAddress
            stream.pointee.avail_out = UInt32(size)
            let isWhole = inflate(stream, Z_FINISH) == Z_STREAM_END && stream.pointee.avail_in == 0 && stream.pointee.avail_out == 0
            let isRight = isWhole && CRC32.of(UnsafeRawBufferPointer(room)) == trailer.checksum
            count = isRight ? size : 0
        }
        inflateReset(stream)
        return output.isEmpty ? nil : output
    }

    /// Most that is sent is not smaller than so much of what it was.
    private static let usualRatio = 32

    /// Inflates the next part of the data. `deliver` borrows the bytes, at most 64 KiB at a time, whose checksum stands at
    /// the end of their member: only ``finish()`` says that all of them were right. An error is thrown by every later call too.
    package func append(_ input: UnsafeRawBufferPointer, _ deliver: (UnsafeRawBufferPointer) -> Void) throws(GzipError) {
        if let failure { throw failure }
        do {
            var rest = input
            while !rest.isEmpty {
                let part = rest.prefix(Int(UInt32.max))
                try inflateAll(UnsafeRawBufferPointer(rebasing: part), deliver)
                rest = UnsafeRawBufferPointer(rebasing: rest[part.endIndex...])
            }
        } catch {
            failure = error
            throw error
        }
    }

    /// Says that there is no more input. Throws ``GzipError/truncated`` where a member is incomplete or none came.
    package func finish() throws(GzipError) {
        if let failure { throw failure }
        guard completeMembers > 0, stream.pointee.total_in == 0 else { throw .truncated }
    }

    private func inflateAll(_ input: UnsafeRawBufferPointer, _ deliver: (UnsafeRawBufferPointer) -> Void) throws(GzipError) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(input.count)
        // zlib may hold output back only where it filled the scratch: then it must be called again, even without input.
        var isScratchFull = false
        while stream.pointee.avail_in > 0 || isScratchFull {
            stream.pointee.next_out = scratch.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(scratch.count)
            let offset = input.count - Int(stream.pointee.avail_in)
            let status = inflate(stream, Z_NO_FLUSH)
            let count = scratch.count - Int(stream.pointee.avail_out)
            trailer.note(UnsafeRawBufferPointer(rebasing: input[offset..<input.count - Int(stream.pointee.avail_in)]))
            guard count <= maximumBytes - inflatedBytes else { throw .tooLarge(limit: maximumBytes) }
            inflatedBytes += count
            if count > 0 {
                let inflated = UnsafeRawBufferPointer(rebasing: scratch.prefix(count))
                checksum = CRC32.of(inflated, continuing: checksum)
                deliver(inflated)
            }
            isScratchFull = stream.pointee.avail_out == 0
            switch status {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END:
                try checkTrailer()
                completeMembers += 1
                memberOffset += Int(stream.pointee.total_in)
                inflateReset(stream)
                checksum = 0
                isScratchFull = false
            default: throw corruption()
            }
        }
    }

    private func checkTrailer() throws(GzipError) {
        guard trailer.checksum == checksum else { throw corruption("incorrect data check", behind: MemoryLayout<UInt32>.size) }
        guard trailer.size == UInt32(truncatingIfNeeded: stream.pointee.total_out) else { throw corruption("incorrect length check") }
    }

    /// `behind`: bytes that were read since.
    private func corruption(_ complaint: String, behind: Int = 0) -> GzipError {
        .corrupt(reason: "\(complaint) before byte \(memberOffset + Int(stream.pointee.total_in) - behind)")
    }

    /// What zlib stumbled over, and where.
    private func corruption() -> GzipError {
        let isMagicWrong = stream.pointee.total_in <= 2 && stream.pointee.total_out == 0
        if isMagicWrong, completeMembers > 0 {
            return .corrupt(reason: "something other than a gzip member follows at byte \(memberOffset)")
        }
        if isMagicWrong { return .corrupt(reason: "it does not start with a gzip header") }
        return corruption(stream.pointee.msg.map { String(cString: $0) } ?? "zlib refuses it without a reason")
    }
}

/// The last eight bytes that were read, which at a member's end are its trailer (RFC 1952 §2.3.1).
private struct MemberTrailer {
    static let count = 8

    /// The first of them is the lowest.
    private var bytes: UInt64 = 0

    mutating func note(_ read: UnsafeRawBufferPointer) {
        if read.count >= 8 {
            bytes = UInt64(littleEndian: read.loadUnaligned(fromByteOffset: read.count - 8, as: UInt64.self))
        } else {
            for byte in read { bytes = bytes >> 8 | UInt64(byte) << 56 }
        }
    }

    var checksum: UInt32 { UInt32(truncatingIfNeeded: bytes) }
    /// Of the inflated data, modulo 2^32.
    var size: UInt32 { UInt32(truncatingIfNeeded: bytes >> 32) }
}
