#if arch(x86_64)
    // The compiler's own.
    import _Builtin_intrinsics.intel.sse2
    import _Builtin_intrinsics.intel.ssse3

    /// Writes text as the inside of a JSON string with the byte shuffle of x86 (`pshufb`): 16 bytes a step, without a branch for each
    /// quote.
    ///
    /// This module is compiled for processors that have SSSE3 and `popcnt`, and nothing else may stand in it: whoever makes one has
    /// asked the processor.
    package struct EscapeShuffling: @unchecked Sendable {
        /// Steps begin while there is so much room: what a step writes at most.
        package static let room = 2 * half

        /// Eight bytes with a backslash before each.
        private static let half = 16

        /// For each set of the bytes of eight that need a backslash, where the bytes of the result come from, in a vector of the eight
        /// and eight backslashes. Behind it 16 bytes that keep all of a vector and 16 that keep none, to move it by up to 16 bytes. Never
        /// written to again, and never freed.
        private let places: UnsafeRawPointer

        /// Where the first of the backslashes is.
        private static let backslash: UInt8 = 8
        /// `pshufb` makes 0 of what has the high bit.
        private static let zero: UInt8 = 0x80

        package init() {
            let places = UnsafeMutablePointer<UInt8>.allocate(capacity: 256 * Self.half + 32)
            places.initialize(repeating: 0, count: 256 * Self.half + 32)
            for escaped in 0..<256 {
                var next = places + escaped * Self.half
                for byte in 0..<8 {
                    if escaped & 1 << byte != 0 {
                        next.pointee = Self.backslash
                        next += 1
                    }
                    next.pointee = UInt8(byte)
                    next += 1
                }
            }
            for byte in 0..<16 {
                places[256 * Self.half + byte] = UInt8(byte)
                places[256 * Self.half + 16 + byte] = Self.zero
            }
            self.places = UnsafeRawPointer(places)
        }

        /// How far a run came.
        package struct Progress {
            /// Bytes of the source that were taken, and bytes that were written.
            package var consumed: Int
            package var written: Int
        }

        /// Takes 16 bytes after the other, and what is left at the end too if there were 16 before, while they are ASCII without control
        /// bytes and ``room`` bytes fit. Bytes behind what was written may have been overwritten, up to that room.
        package func escape(
            _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutableRawPointer, room: Int
        ) -> Progress {
            let places = places
            let blank = _mm_set1_epi8(0x20)
            var taken = 0
            var written = 0
            while true {
                var steps = min((count &- taken) &>> 4, (room &- written) / Self.room)
                if steps <= 0 { break }
                repeat {
                    let text = Self.load(source + taken)
                    // As signed numbers, bytes that are not ASCII are below the blank too.
                    if _mm_movemask_epi8(_mm_cmplt_epi8(text, blank)) != 0 { return Progress(consumed: taken, written: written) }
                    written &+= Self.write(text, to: destination + written, places)
                    taken &+= 16
                    steps &-= 1
                } while steps > 0
            }
            let rest = count &- taken
            guard rest > 0, rest < 16, taken > 0, room &- written >= Self.room else {
                return Progress(consumed: taken, written: written)
            }
            // The last 16 bytes without those that were taken: zeros come in behind, which have no backslash.
            let moves = places + 256 &* Self.half
            let text = _mm_shuffle_epi8(Self.load(source + (count &- 16)), Self.load(moves + (16 &- rest)))
            if Int(_mm_movemask_epi8(_mm_cmplt_epi8(text, blank))) & ((1 &<< rest) &- 1) == 0 {
                written &+= Self.write(text, to: destination + written, places) &- (16 &- rest)
                taken = count
            }
            return Progress(consumed: taken, written: written)
        }

        /// Gives how many bytes 16 became.
        @inline(__always)
        private static func write(_ text: SIMD2<Int64>, to destination: UnsafeMutableRawPointer, _ places: UnsafeRawPointer) -> Int {
            let quotes = _mm_cmpeq_epi8(text, _mm_set1_epi8(0x22))
            let backslashes = _mm_cmpeq_epi8(text, _mm_set1_epi8(0x5C))
            let escaped = Int(_mm_movemask_epi8(_mm_or_si128(quotes, backslashes)))
            let lower = escaped & 0xFF
            let upper = escaped &>> 8
            let gaps = _mm_set1_epi8(0x5C)
            destination.storeBytes(
                of: _mm_shuffle_epi8(_mm_unpacklo_epi64(text, gaps), load(places + lower &* half)), as: SIMD2<Int64>.self)
            let lowerCount = 8 &+ lower.nonzeroBitCount
            (destination + lowerCount).storeBytes(
                of: _mm_shuffle_epi8(_mm_unpackhi_epi64(text, gaps), load(places + upper &* half)), as: SIMD2<Int64>.self)
            return lowerCount &+ 8 &+ upper.nonzeroBitCount
        }

        @inline(__always)
        private static func load(_ place: UnsafeRawPointer) -> SIMD2<Int64> { place.loadUnaligned(as: SIMD2<Int64>.self) }
    }
#endif
