/// The names of members that were met before, each with those that came after it.
///
/// Lines of one service have the same members in the same order: so one comparison mostly tells which name comes next, where its value
/// begins, and what is wanted of it. A name is known as all that leads to a value, `,"level":`, with whatever blanks are in between.
/// Holds 20 KiB, whatever names come: a new one takes the place of another with the same hash.
struct KnownNames {
    struct Name: BitwiseCopyable {
        /// The first and the last sixteen bytes; the same where there are not more.
        var text: (head: SixteenBytes, tail: SixteenBytes)
        /// All bits are set of bytes that do not belong to it.
        var padding: SixteenBytes
        /// Indices of the names that came after it, that of last time first.
        var successors: SIMD4<UInt16>
        /// See ``FieldPaths/Entry``.
        var slot: Int32
        var parent: Int32
        /// The node it was looked up in, by ``afterBrace(_:)`` where a brace leads to it; no node at all where no name is.
        var node: Int32
        var count: UInt8
        var tailOffset: UInt8
        /// So many bytes are looked at.
        var comparedCount: UInt8

        static let none = Name(
            text: (.zero, .zero), padding: .zero, successors: SIMD4(), slot: -1, parent: -1, node: .min, count: 0, tailOffset: 0,
            comparedCount: 0)
    }

    private static let capacity = 256
    /// Names of one hash that can be known at once.
    private static let ways = 4

    private let names: UnsafeMutablePointer<Name>

    init() {
        names = .allocate(capacity: Self.capacity + 1)
        names.initialize(repeating: .none, count: Self.capacity + 1)
    }

    func deallocate() { names.deallocate() }

    /// What a line's first name comes after.
    var beginning: UnsafeMutablePointer<Name> {
        @inline(__always) get { names + Self.capacity }
    }

    /// The same node where a name is an object's first: what leads to it there may not stand behind a value.
    @inline(__always)
    static func afterBrace(_ node: Int32) -> Int32 { node ^ 1 << 30 }

    /// The name at `place`, behind a value of an object, if it has come after `last` before; or, with a node that is ``afterBrace(_:)``, at
    /// an object's brace.
    @inline(__always)
    func successor(
        of last: UnsafeMutablePointer<Name>, at place: UnsafeRawPointer, end: UnsafeRawPointer, node: Int32
    ) -> UnsafeMutablePointer<Name>? {
        let first = names + Int(last.pointee.successors[0])
        if first.pointee.stands(at: place, end: end, node: node) { return first }
        return otherSuccessor(of: last, at: place, end: end, node: node)
    }

    @inline(never)
    private func otherSuccessor(
        of last: UnsafeMutablePointer<Name>, at place: UnsafeRawPointer, end: UnsafeRawPointer, node: Int32
    ) -> UnsafeMutablePointer<Name>? {
        let known = last.pointee.successors
        for position in 1..<known.scalarCount {
            let name = names + Int(known[position])
            guard name.pointee.stands(at: place, end: end, node: node) else { continue }
            last.pointee.putFirst(known[position])
            return name
        }
        return nil
    }

    /// Remembers what was found for the name from the comma or brace at `place` to the colon before `valuePlace`. Gives nil if there are
    /// too many bytes, or too few left before `end`.
    func learn(
        _ place: UnsafeRawPointer, _ valuePlace: UnsafeRawPointer, end: UnsafeRawPointer, node: Int32, slot: Int32, parent: Int32,
        after last: UnsafeMutablePointer<Name>
    ) -> UnsafeMutablePointer<Name>? {
        let count = valuePlace - place
        let comparedCount = max(count, SixteenBytes.count)
        guard count <= 2 * SixteenBytes.count, comparedCount <= end - place else { return nil }
        let isFirst = place.load(as: UInt8.self) == UInt8(ascii: "{")
        let node = isFirst ? Self.afterBrace(node) : node
        let way = findWay(for: UnsafeRawBufferPointer(start: place, count: count), end: end, node: node)
        let tailOffset = comparedCount - SixteenBytes.count
        // Who came after a name that had this place is soon learned again.
        names[way] = Name(
            text: (head: SixteenBytes(place), tail: SixteenBytes(place + tailOffset)), padding: .padding(from: count),
            successors: names[way].successors, slot: slot, parent: parent, node: node, count: UInt8(count), tailOffset: UInt8(tailOffset),
            comparedCount: UInt8(comparedCount))
        last.pointee.putFirst(UInt16(way))
        return names + way
    }

    /// Where the name is known already, or a place that is free, or else one whose name is forgotten.
    private func findWay(for text: UnsafeRawBufferPointer, end: UnsafeRawPointer, node: Int32) -> Int {
        var hash = UInt64(truncatingIfNeeded: node)
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15 }
        let first = Int(hash >> 32) % (Self.capacity / Self.ways) * Self.ways
        guard let place = text.baseAddress else { return first }
        for way in first..<first + Self.ways {
            if names[way].node == .min || names[way].stands(at: place, end: end, node: node) { return way }
        }
        return first + Int(hash >> 62)
    }
}

extension KnownNames.Name {
    /// Makes `index` the first of the successors: those before it move on, and the last goes if it was none.
    fileprivate mutating func putFirst(_ index: UInt16) {
        var moved = index
        for position in 0..<successors.scalarCount {
            (successors[position], moved) = (moved, successors[position])
            if moved == index { return }
        }
    }

    @inline(__always)
    fileprivate func stands(at place: UnsafeRawPointer, end: UnsafeRawPointer, node: Int32) -> Bool {
        guard end - place >= Int(comparedCount), self.node == node else { return false }
        return SixteenBytes.areEqual(
            SixteenBytes(place), text.head, SixteenBytes(place + Int(tailOffset)), text.tail, except: padding)
    }
}
