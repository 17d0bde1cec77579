import Glibc

/// Finds a slot by the bytes of its key: open addressing with linear probing over words of hash and slot.
///
/// The hash is seeded by chance, so that no log can be written to make the probes long.
struct SeriesIndex: ~Copyable {
    /// High half: the hash's high half. Low half: slot + 1; 0 is an empty place.
    private var places: FlatArray<UInt64>
    private var mask: Int
    private(set) var count = 0
    private let seed: UInt64

    init() {
        places = FlatArray()
        places.append(repeating: 0, count: 16)
        mask = 15
        seed = UInt64.random(in: 1...UInt64.max)
    }

    @inline(__always)
    func hash(_ key: UnsafeRawPointer, _ count: Int) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: count)
        var offset = 0
        while offset + 8 <= count {
            state = Self.mix(state ^ key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        let rest = count - offset
        if rest > 0 {
            var word: UInt64 = 0
            if count >= 8 {
                // Overlaps with what was read before, which does no harm.
                word = key.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            } else if rest >= 4 {
                word = UInt64(key.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
                word |= UInt64(key.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)) << 32
            } else {
                // One to three bytes, in whichever order: their count is in the state already.
                word = UInt64(key.load(as: UInt8.self))
                word |= UInt64(key.load(fromByteOffset: count / 2, as: UInt8.self)) << 8
                word |= UInt64(key.load(fromByteOffset: count - 1, as: UInt8.self)) << 16
            }
            state = Self.mix(state ^ word)
        }
        return Self.mix(state ^ 0x9e37_79b9_7f4a_7c15)
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        return product.high ^ product.low
    }

    /// `memcmp` takes 5 ns to be called for so few bytes.
    @inline(__always)
    private static func areEqual(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer, _ count: Int) -> Bool {
        guard count >= 8 else { return memcmp(one, other, count) == 0 }
        var difference: UInt64 = 0
        var offset = 0
        while offset + 8 <= count {
            difference |=
                one.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                ^ other.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        difference |=
            one.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            ^ other.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        return difference == 0
    }

    /// The slot whose text has this key.
    @inline(__always)
    func slot(of key: UnsafeRawPointer, _ keyCount: Int, hash: UInt64, in texts: UnsafePointer<SeriesText>) -> Int? {
        var place = Int(truncatingIfNeeded: hash) & mask
        let tag = hash >> 32
        while true {
            let word = places[place]
            if word == 0 { return nil }
            if word >> 32 == tag {
                let slot = Int(truncatingIfNeeded: word & 0xffff_ffff) - 1
                let text = texts[slot]
                if Int(text.keyCount) == keyCount, let base = text.base, Self.areEqual(base, key, keyCount) { return slot }
            }
            place = (place + 1) & mask
        }
    }

    /// `texts` already has the new slot's.
    mutating func insert(_ slot: Int, hash: UInt64, in texts: borrowing FlatArray<SeriesText>) {
        if (count + 1) * 4 > places.count * 3 {
            rebuild(from: texts, size: places.count * 2)
        } else {
            place(slot, hash)
        }
    }

    /// Fills the table again from all slots in use.
    mutating func rebuild(from texts: borrowing FlatArray<SeriesText>, size: Int? = nil) {
        let size = size ?? places.count
        places = FlatArray()
        places.append(repeating: 0, count: size)
        mask = size - 1
        count = 0
        for slot in 0..<texts.count {
            let text = texts[slot]
            if let base = text.base { place(slot, hash(base, Int(text.keyCount))) }
        }
    }

    private mutating func place(_ slot: Int, _ hash: UInt64) {
        var place = Int(truncatingIfNeeded: hash) & mask
        while places[place] != 0 { place = (place + 1) & mask }
        places[place] = (hash >> 32) << 32 | UInt64(slot + 1)
        count += 1
    }
}
