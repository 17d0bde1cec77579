#if arch(x86_64)
    // The compiler's own; SSE2 is part of every x86-64.
    import _Builtin_intrinsics.intel.sse2
#endif

/// Bytes that are compared in one step.
struct SixteenBytes: BitwiseCopyable {
    static let count = 16
    static let zero = SixteenBytes(words: SIMD2(repeating: 0))

    private let words: SIMD2<Int64>

    private init(words: SIMD2<Int64>) { self.words = words }

    @inline(__always)
    init(_ place: UnsafeRawPointer) { words = place.loadUnaligned(as: SIMD2<Int64>.self) }

    /// All bits of the bytes from `count` on; none from sixteen on.
    static func padding(from count: Int) -> SixteenBytes {
        func word(_ kept: Int) -> Int64 { kept <= 0 ? -1 : kept >= 8 ? 0 : -1 << Int64(8 * kept) }
        return SixteenBytes(words: SIMD2(word(count).littleEndian, word(count - 8).littleEndian))
    }

    /// Whether both pairs are equal, apart from bytes that are all ones in `padding`.
    @inline(__always)
    static func areEqual(
        _ one: SixteenBytes, _ other: SixteenBytes, _ third: SixteenBytes, _ fourth: SixteenBytes, except padding: SixteenBytes
    ) -> Bool {
        #if arch(x86_64)
            let equal = _mm_and_si128(_mm_cmpeq_epi8(one.words, other.words), _mm_cmpeq_epi8(third.words, fourth.words))
            return _mm_movemask_epi8(_mm_or_si128(equal, padding.words)) == 0xFFFF
        #else
            let difference = ((one.words ^ other.words) | (third.words ^ fourth.words)) & ~padding.words
            return difference.x | difference.y == 0
        #endif
    }
}
