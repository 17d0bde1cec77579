import CZlib

/// The checksum of gzip and zlib (ISO 3309, RFC 1952 §8).
package enum CRC32 {
    /// Of `bytes`, or of what `checksum` covers followed by them.
    package static func of(_ bytes: UnsafeRawBufferPointer, continuing checksum: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return checksum }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(checksum), base.assumingMemoryBound(to: UInt8.self), bytes.count))
    }
}
