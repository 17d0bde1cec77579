import Glibc

/// Finds the wanted fields of lines that are one JSON object each (RFC 8259), without copying or allocating.
///
/// The whole line is checked: structure, strings with their escapes, numbers, literals, nesting and what follows the object.
/// What the standard leaves open is decided so:
/// - Bytes that are no UTF-8 are accepted inside strings; they are carried, and replaced where text is written out.
/// - `\uD800`-style surrogates without their other half are accepted and decode to U+FFFD.
/// - A number may exceed what a `Double` holds.
/// - Of several members with one name the last wins; an object that is replaced takes its members with it.
/// - A byte order mark in front of the object is ignored.
///
/// One scanner per thread; it owns tables and scratch that every scan reuses.
package final class JSONScanner {
    /// Objects and arrays within each other, the outermost counted: the kinds of the open ones are the bits of one word.
    package static let maximumDepth = 64

    /// Of an object that can't hold wanted members.
    private static let noNode: Int32 = -1
    private static let arrayNode: Int32 = -2

    package let paths: FieldPaths
    @usableFromInline let slotCount: Int
    @usableFromInline let fields: UnsafeMutablePointer<FieldValue>
    private let nodes: UnsafeMutablePointer<FieldPaths.Node>
    private let entries: UnsafeMutablePointer<FieldPaths.Entry>
    private let names: UnsafeMutableRawPointer
    private let parents: UnsafeMutablePointer<Parent>
    private let parentCount: Int
    private let frames: UnsafeMutablePointer<Frame>
    private let knownNames = KnownNames()
    /// A member name without its escapes.
    private var decodedName: [UInt8] = []

    /// A member whose value is an object that can hold wanted members.
    private struct Parent {
        var node: Int32
        /// Where its value stood when it was met last in this scan; `end` is 0 before.
        var start: UInt32 = 0
        var end: UInt32 = 0
    }

    /// An object or array that is open, and where to go on when it closes.
    private struct Frame {
        var outerNode: Int32
        var slot: Int32
        var parent: Int32
        var start: UInt32
    }

    package init(paths: FieldPaths) {
        self.paths = paths
        slotCount = paths.count
        fields = .allocate(capacity: paths.count)
        fields.initialize(repeating: .missing, count: paths.count)
        nodes = .allocate(capacity: paths.nodes.count)
        _ = UnsafeMutableBufferPointer(start: nodes, count: paths.nodes.count).initialize(from: paths.nodes)
        entries = .allocate(capacity: paths.entries.count)
        _ = UnsafeMutableBufferPointer(start: entries, count: paths.entries.count).initialize(from: paths.entries)
        names = .allocate(byteCount: paths.names.count, alignment: 8)
        UnsafeMutableRawBufferPointer(start: names, count: paths.names.count).copyBytes(from: paths.names)
        parentCount = paths.childNodes.count
        parents = .allocate(capacity: parentCount)
        for (index, node) in paths.childNodes.enumerated() { (parents + index).initialize(to: Parent(node: node)) }
        frames = .allocate(capacity: Self.maximumDepth)
    }

    deinit {
        fields.deallocate()
        nodes.deallocate()
        entries.deallocate()
        names.deallocate()
        parents.deallocate()
        frames.deallocate()
        knownNames.deallocate()
    }

    /// Where the last line scanned has the field of a slot of ``paths``. After an error every field is missing.
    @inlinable
    package subscript(slot: Int) -> FieldValue {
        precondition(slot >= 0 && slot < slotCount, "The slot belongs to other paths.")
        return fields[slot]
    }

    /// Checks one line, with or without its line end, and finds the wanted fields. `line` is borrowed; nothing keeps it.
    package func scan(_ line: UnsafeRawBufferPointer) throws(JSONScanError) {
        forgetFields()
        do {
            try scanObject(line)
        } catch {
            forgetFields()
            throw error
        }
    }

    private func forgetFields() {
        fields.update(repeating: .missing, count: slotCount)
        var index = 0
        while index < parentCount {
            parents[index].end = 0
            index &+= 1
        }
    }
}

/// The walk through a line.
extension JSONScanner {
    /// Every step but the one through a string relies on the last byte of the text being `}`: nothing else than the
    /// object's own end accepts it, so no other bound is needed.
    @inline(__always)
    private func scanObject(_ line: UnsafeRawBufferPointer) throws(JSONScanError) {
        guard let base = line.baseAddress else { throw JSONScanError(reason: .empty, found: nil, offset: 0) }
        guard line.count < Int(UInt32.max) else { throw JSONScanError(reason: .tooLong, found: nil, offset: 0) }
        let end = try trimmedEnd(line, base)
        var p = base
        try skipToObject(&p, base: base, end: end)

        // Bit 0 tells the innermost open container: 1 for an object, 0 for an array.
        var kinds: UInt64 = 1
        var depth = 1
        var node: Int32 = slotCount > 0 ? 0 : Self.noNode
        var slot: Int32 = -1
        var parent: Int32 = -1
        frames[0] = Frame(outerNode: node, slot: -1, parent: -1, start: 0)

        // Where the comma or brace before a name stands.
        var memberStart = p
        let knownNames = knownNames
        var lastName = knownNames.beginning
        @inline(__always)
        func lead(by name: UnsafeMutablePointer<KnownNames.Name>) {
            p += Int(name.pointee.count)
            slot = name.pointee.slot
            parent = name.pointee.parent
            lastName = name
            if parent >= 0 { replaceEarlier(parent) }
        }

        var isLed = false
        if let name = knownNames.successor(of: lastName, at: p, end: end, node: KnownNames.afterBrace(node)) {
            lead(by: name)
            isLed = true
        } else {
            p += 1
            if Self.skipBlanks(&p) == UInt8(ascii: "}") {
                p += 1
                guard p == end else { throw error(.bytesBehindObject, p, base, end) }
                return
            }
        }

        members: while true {
            if isLed {
                isLed = false
            } else if kinds & 1 != 0 {
                guard Self.skipBlanks(&p) == UInt8(ascii: "\"") else { throw error(.nameExpected, p, base, end) }
                if let entry = try scanName(&p, node: node, base: base, end: end) {
                    slot = entry.pointee.slot
                    parent = entry.pointee.parent
                    if parent >= 0 { replaceEarlier(parent) }
                }
                guard Self.skipBlanks(&p) == UInt8(ascii: ":") else { throw error(.colonExpected, p, base, end) }
                p += 1
                let known = knownNames.learn(memberStart, p, end: end, node: node, slot: slot, parent: parent, after: lastName)
                if let known { lastName = known }
            }

            values: while true {
                let byte = Self.skipBlanks(&p)
                let start = p
                var kind: FieldValue.Kind
                switch byte {
                case UInt8(ascii: "\""):
                    p += 1
                    let hasEscapes = try skipString(&p, base: base, end: end)
                    if slot >= 0 {
                        fields[Int(slot)] = FieldValue(
                            start: UInt32(truncatingIfNeeded: start - base + 1), end: UInt32(truncatingIfNeeded: p - base - 1),
                            kind: .string, hasEscapes: hasEscapes)
                        slot = -1
                    }
                    kind = .string
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    guard depth < Self.maximumDepth else { throw error(.tooDeep, p, base, end) }
                    let isObject = byte == UInt8(ascii: "{")
                    frames[depth] = Frame(
                        outerNode: node, slot: slot, parent: parent, start: UInt32(truncatingIfNeeded: p - base))
                    depth &+= 1
                    kinds = kinds &<< 1 | (isObject ? 1 : 0)
                    node = isObject ? (parent >= 0 ? parents[Int(parent)].node : Self.noNode) : Self.arrayNode
                    if isObject, let name = knownNames.successor(of: lastName, at: p, end: end, node: KnownNames.afterBrace(node)) {
                        lead(by: name)
                        continue values
                    }
                    memberStart = p
                    slot = -1
                    parent = -1
                    p += 1
                    // `{` is 0x7B and `}` 0x7D, `[` is 0x5B and `]` 0x5D.
                    if Self.skipBlanks(&p) != byte &+ 2 { continue members }
                    kind = .missing
                case UInt8(ascii: "t"):
                    guard end - p > 4, Self.load4(p) == Self.true4 else { throw error(.invalidLiteral, p, base, end) }
                    p += 4
                    kind = .true_
                case UInt8(ascii: "f"):
                    guard end - p > 5, Self.load4(p + 1) == Self.alse4 else { throw error(.invalidLiteral, p, base, end) }
                    p += 5
                    kind = .false_
                case UInt8(ascii: "n"):
                    guard end - p > 4, Self.load4(p) == Self.null4 else { throw error(.invalidLiteral, p, base, end) }
                    p += 4
                    kind = .null
                default:
                    guard byte &- 0x30 < 10 || byte == UInt8(ascii: "-") else { throw error(.valueExpected, p, base, end) }
                    guard Self.skipNumber(&p) else { throw error(.invalidNumber, p, base, end) }
                    kind = .number
                }
                if slot >= 0 {
                    fields[Int(slot)] = FieldValue(
                        start: UInt32(truncatingIfNeeded: start - base), end: UInt32(truncatingIfNeeded: p - base),
                        kind: kind, hasEscapes: false)
                }

                slot = -1
                parent = -1
                while true {
                    if let name = knownNames.successor(of: lastName, at: p, end: end, node: node) {
                        lead(by: name)
                        continue values
                    }
                    let byte = Self.skipBlanks(&p)
                    if byte == UInt8(ascii: ",") {
                        memberStart = p
                        p += 1
                        continue members
                    }
                    let isObject = kinds & 1 != 0
                    guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                        throw error(isObject ? .commaOrBraceExpected : .commaOrBracketExpected, p, base, end)
                    }
                    p += 1
                    depth &-= 1
                    if depth == 0 {
                        guard p == end else { throw error(.bytesBehindObject, p, base, end) }
                        return
                    }
                    guard p < end else { throw error(isObject ? .commaOrBraceExpected : .commaOrBracketExpected, p, base, end) }
                    kinds = kinds &>> 1
                    close(frames[depth], isObject: isObject, at: UInt32(truncatingIfNeeded: p - base))
                    node = frames[depth].outerNode
                }
            }
        }
    }

    @inline(__always)
    private func close(_ frame: Frame, isObject: Bool, at end: UInt32) {
        if frame.slot >= 0 {
            fields[Int(frame.slot)] = FieldValue(start: frame.start, end: end, kind: isObject ? .object : .array, hasEscapes: false)
        }
        if frame.parent >= 0 {
            parents[Int(frame.parent)].start = frame.start
            parents[Int(frame.parent)].end = end
        }
    }

    /// A parent's name has come again: what was found inside its earlier value counts no more.
    @inline(__always)
    private func replaceEarlier(_ parent: Int32) {
        let earlier = parents[Int(parent)]
        if earlier.end == 0 { return }
        forgetFields(from: earlier.start, to: earlier.end)
        parents[Int(parent)].end = 0
    }

    @inline(never)
    private func forgetFields(from start: UInt32, to end: UInt32) {
        for slot in 0..<slotCount where fields[slot].start > start && fields[slot].end < end {
            fields[slot] = .missing
        }
    }

    @inline(__always)
    private func trimmedEnd(_ line: UnsafeRawBufferPointer, _ base: UnsafeRawPointer) throws(JSONScanError) -> UnsafeRawPointer {
        var end = base + line.count
        while end > base, Self.isBlank((end - 1).load(as: UInt8.self)) { end -= 1 }
        guard end > base else { throw JSONScanError(reason: .empty, found: nil, offset: 0) }
        return end
    }

    /// Moves to the `{` of the line's object; makes sure that the text ends with `}`.
    @inline(__always)
    private func skipToObject(
        _ p: inout UnsafeRawPointer, base: UnsafeRawPointer, end: UnsafeRawPointer
    ) throws(JSONScanError) {
        var byte = Self.skipBlanks(&p)
        if byte == 0xEF, end - p > 3, Self.load4(p) & 0xFF_FFFF == 0xBF_BBEF {
            p += 3
            byte = Self.skipBlanks(&p)
        }
        guard byte == UInt8(ascii: "{") else { throw error(.notAnObject, p, base, end) }
        guard (end - 1).load(as: UInt8.self) == UInt8(ascii: "}") else { throw error(.cutOff, end - 1, base, end) }
    }

    @inline(never)
    private func error(
        _ reason: JSONScanError.Reason, _ p: UnsafeRawPointer, _ base: UnsafeRawPointer, _ end: UnsafeRawPointer
    ) -> JSONScanError {
        JSONScanError(reason: reason, found: p < end ? p.load(as: UInt8.self) : nil, offset: p - base)
    }
}

/// Names and strings. The slow ways are functions of their own that take and give the place by value: its address taken once
/// would keep it in memory, not in a register, for the whole walk.
extension JSONScanner {
    /// From the opening quote of a member's name to behind its closing quote. Gives the entry of a wanted name.
    @inline(__always)
    private func scanName(
        _ p: inout UnsafeRawPointer, node: Int32, base: UnsafeRawPointer, end: UnsafeRawPointer
    ) throws(JSONScanError) -> UnsafeMutablePointer<FieldPaths.Entry>? {
        p += 1
        let start = p
        // Most names have fewer than eight bytes: the word that finds the quote is also the key.
        if end - start >= 8 {
            let word = ByteWord.load(start)
            let stops = ByteWord.stringStops(word)
            if stops != 0 {
                let count = ByteWord.index(ofLowest: stops)
                if (start + count).load(as: UInt8.self) == UInt8(ascii: "\"") {
                    p = start + (count &+ 1)
                    if node < 0 { return nil }
                    // `stops & −stops` is the stop's high bit; all bits of the bytes below it are kept.
                    let belowStop = ((stops & (0 &- stops)) &>> 7) &- 1
                    let words = KeyWords(first: word & belowStop, last: 0, count: UInt32(truncatingIfNeeded: count))
                    return entry(words, name: start, node: node)
                }
            }
        }
        let hasEscapes = try skipString(&p, base: base, end: end)
        if node < 0 { return nil }
        let count = p - start - 1
        if hasEscapes || count < 8 {
            return entryOfOddName(UnsafeRawBufferPointer(start: start, count: count), hasEscapes: hasEscapes, node: node)
        }
        let words = KeyWords(
            first: ByteWord.load(start), last: ByteWord.load(start + (count &- 8)), count: UInt32(truncatingIfNeeded: count))
        return entry(words, name: start, node: node)
    }

    @inline(__always)
    private func entry(
        _ words: KeyWords, name: UnsafeRawPointer, node: Int32
    ) -> UnsafeMutablePointer<FieldPaths.Entry>? {
        let table = nodes[Int(node)]
        let cells = entries + Int(table.offset)
        let mask = ~0 &>> UInt64(table.shift)
        var index = words.hash &>> UInt64(table.shift)
        while true {
            let cell = cells + Int(truncatingIfNeeded: index)
            if cell.pointee.words == words,
                words.count <= 16 || memcmp(names + Int(cell.pointee.nameOffset), name, Int(words.count)) == 0
            {
                return cell
            }
            if cell.pointee.words.count == .max { return nil }
            index = (index &+ 1) & mask
        }
    }

    /// The slot of the path that is `name`, dots included, for those who find fields in lines that are no JSON.
    package func slot(named name: UnsafeRawBufferPointer) -> Int? {
        guard slotCount > 0, let start = name.baseAddress else { return nil }
        guard let slot = entry(KeyWords(name), name: start, node: 0)?.pointee.slot, slot >= 0 else { return nil }
        return Int(slot)
    }

    /// A name with escapes, or a short one within the last bytes of the line.
    @inline(never)
    private func entryOfOddName(
        _ text: UnsafeRawBufferPointer, hasEscapes: Bool, node: Int32
    ) -> UnsafeMutablePointer<FieldPaths.Entry>? {
        decodedName.removeAll(keepingCapacity: true)
        if hasEscapes { JSONStringDecoding.append(text, to: &decodedName) } else { decodedName.append(contentsOf: text) }
        return decodedName.withUnsafeBytes { name in
            // An empty array has no address; no comparison reads from this one.
            entry(KeyWords(name), name: name.baseAddress ?? UnsafeRawPointer(names), node: node)
        }
    }

    /// From behind the opening quote to behind the closing one. Gives whether there are escapes in between.
    @inline(__always)
    private func skipString(
        _ p: inout UnsafeRawPointer, base: UnsafeRawPointer, end: UnsafeRawPointer
    ) throws(JSONScanError) -> Bool {
        let start = p
        while end - p >= StringBlock.count {
            let stop = StringBlock.firstStop(p)
            if stop == StringBlock.count {
                // Not by `stop`: the next step need not wait for it.
                p += StringBlock.count
                continue
            }
            p += stop
            if p.load(as: UInt8.self) == UInt8(ascii: "\"") {
                p += 1
                return false
            }
            break
        }
        let rest = try restOfString(from: p, start: start, base: base, end: end)
        p = rest.end
        return rest.hasEscapes
    }

    /// The slow way on: a string with escapes or a fault, or within the last bytes of the line.
    @inline(never)
    private func restOfString(
        from place: UnsafeRawPointer, start: UnsafeRawPointer, base: UnsafeRawPointer, end: UnsafeRawPointer
    ) throws(JSONScanError) -> (end: UnsafeRawPointer, hasEscapes: Bool) {
        var p = place
        var hasEscapes = false
        while p < end {
            if end - p >= 8 {
                let stops = ByteWord.stringStops(ByteWord.load(p))
                if stops == 0 {
                    p += 8
                    continue
                }
                p += ByteWord.index(ofLowest: stops)
            }
            switch p.load(as: UInt8.self) {
            case UInt8(ascii: "\""):
                return (p + 1, hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try skipEscape(&p, base: base, end: end)
            case 0..<0x20:
                throw error(.controlByteInString, p, base, end)
            default:
                p += 1
            }
        }
        throw error(.stringNotClosed, start - 1, base, end)
    }

    /// From the backslash to behind the escape.
    @inline(__always)
    private func skipEscape(
        _ p: inout UnsafeRawPointer, base: UnsafeRawPointer, end: UnsafeRawPointer
    ) throws(JSONScanError) {
        p += 1
        guard p < end else { throw error(.invalidEscape, p, base, end) }
        switch p.load(as: UInt8.self) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "n"), UInt8(ascii: "t"),
            UInt8(ascii: "r"), UInt8(ascii: "b"), UInt8(ascii: "f"):
            p += 1
        case UInt8(ascii: "u"):
            p += 1
            for _ in 0..<4 {
                guard p < end, Self.isHexDigit(p.load(as: UInt8.self)) else { throw error(.invalidEscape, p, base, end) }
                p += 1
            }
        default:
            throw error(.invalidEscape, p, base, end)
        }
    }
}
