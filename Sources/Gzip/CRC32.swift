import CZlib

#if arch(x86_64)
    import CRCFolding
    // The compiler's own.
    import _Builtin_intrinsics.intel.cpuid
#endif

/// The checksum of gzip and zlib (ISO 3309, RFC 1952 §8).
package enum CRC32 {
    /// Of `bytes`, or of what `checksum` covers followed by them.
    package static func of(_ bytes: UnsafeRawBufferPointer, continuing checksum: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return checksum }
        #if arch(x86_64)
            if bytes.count >= 64, let keys = foldingKeys {
                let count = bytes.count & ~15
                // The standard turns the bits over before and after.
                let folded = CRCFolding.folded(base, count: count, state: ~checksum, keys: keys)
                let ofFolded = withUnsafeBytes(of: folded) { zlib($0.baseAddress, $0.count, continuing: ~0) }
                return zlib(base + count, bytes.count - count, continuing: ofFolded)
            }
        #endif
        return zlib(base, bytes.count, continuing: checksum)
    }

    private static func zlib(_ base: UnsafeRawPointer?, _ count: Int, continuing checksum: UInt32) -> UInt32 {
        // zlib takes no address for the wish to begin.
        guard let base, count > 0 else { return checksum }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(checksum), base.assumingMemoryBound(to: UInt8.self), count))
    }

    #if arch(x86_64)
        /// nil where the processor has no carry-less multiplication.
        private static let foldingKeys: FoldingKeys? = {
            var (a, b, c, d) = (UInt32(0), UInt32(0), UInt32(0), UInt32(0))
            guard __get_cpuid(1, &a, &b, &c, &d) != 0, c & 1 << 1 != 0 else { return nil }
            // To move a half on by n bits is to multiply it by xⁿ modulo the polynomial. Vectors hold the bits of a byte the other way
            // round, so that the product of two halves stands one bit too low, and the key 32 bits too high.
            return FoldingKeys(
                far: SIMD2(key(512 + 32), key(512 - 32)),
                near: SIMD2(key(128 + 32), key(128 - 32)))
        }()

        /// x to the power of `exponent`, modulo the polynomial, in the order of bits in which the checksum is kept, and one bit up.
        private static func key(_ exponent: Int) -> UInt64 {
            var power: UInt32 = 1 << 31
            for _ in 0..<exponent { power = power >> 1 ^ (power & 1 == 0 ? 0 : 0xEDB8_8320) }
            return UInt64(power) << 1
        }
    #endif
}
