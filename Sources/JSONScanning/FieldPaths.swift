/// The fields that are wanted of each line: dotted paths, each with a slot number, compiled into hash tables for the scanner.
/// Built once, when the program starts.
///
/// `a.b` names the member `b` of the object `a` and also a member with the literal name `a.b`; longer paths match in every
/// way of joining their parts. Arrays are not descended into. Names are compared byte by byte, without Unicode normalisation.
package struct FieldPaths: Sendable {
    /// The distinct paths; a path's index is its slot.
    package let paths: [String]
    private let slots: [[UInt8]: Int]

    /// One hash table per object that can hold wanted members; the first is that of the whole line.
    let nodes: [Node]
    /// The cells of all tables.
    let entries: [Entry]
    /// The node behind each entry that has one, by ``Entry/parent``.
    let childNodes: [Int32]
    /// The names of all entries, back to back.
    let names: [UInt8]

    struct Node: Sendable {
        /// Index of the table's first cell in ``FieldPaths/entries``.
        var offset: Int32
        /// The table has 2^(64 − shift) cells.
        var shift: UInt8
    }

    /// A cell of a hash table: one member name.
    struct Entry: Sendable {
        var words: KeyWords
        var nameOffset: UInt32
        /// The path that ends with this name, or −1.
        var slot: Int32
        /// Index in ``FieldPaths/childNodes`` if paths go on behind this name, or −1.
        var parent: Int32

        static let empty = Entry(words: .none, nameOffset: 0, slot: -1, parent: -1)
    }

    /// Duplicates share a slot.
    package init(_ wanted: [String]) {
        var slots: [[UInt8]: Int] = [:]
        var paths: [String] = []
        for path in wanted where slots[Array(path.utf8)] == nil {
            slots[Array(path.utf8)] = paths.count
            paths.append(path)
        }
        self.slots = slots
        self.paths = paths

        var builder = Builder()
        builder.build(paths.map { Array($0.utf8) })
        nodes = builder.nodes
        entries = builder.entries
        childNodes = builder.childNodes
        names = builder.names
    }

    package var count: Int { paths.count }

    /// The slot of a path that was given to the initialiser.
    package func slot(of path: String) -> Int? { slots[Array(path.utf8)] }
}

/// A member name as three words: unequal words prove unequal names, and equal words prove equal names of up to 16 bytes.
struct KeyWords: Equatable, Sendable {
    /// The first eight bytes, padded with zeros.
    var first: UInt64
    /// The last eight bytes; zero for names of fewer than eight.
    var last: UInt64
    var count: UInt32

    /// Equal to no name's words: no line is that long.
    static let none = KeyWords(first: 0, last: 0, count: .max)

    @inline(__always)
    init(first: UInt64, last: UInt64, count: UInt32) {
        self.first = first
        self.last = last
        self.count = count
    }

    init(_ name: UnsafeRawBufferPointer) {
        count = UInt32(name.count)
        guard let base = name.baseAddress else {
            first = 0
            last = 0
            return
        }
        if name.count < 8 {
            first = ByteWord.load(base, count: name.count)
            last = 0
        } else {
            first = ByteWord.load(base)
            last = ByteWord.load(base + (name.count - 8))
        }
    }

    /// The top bits of a product depend on all bits below them.
    @inline(__always)
    var hash: UInt64 {
        ((first ^ (last &* 0x9E37_79B9_7F4A_7C15)) &+ UInt64(count)) &* 0xD6E8_FEB8_6659_FD93
    }
}

/// Turns paths into nodes. A node stands for the part of a path that has been matched, such as `http.`.
private struct Builder {
    var nodes: [FieldPaths.Node] = []
    var entries: [FieldPaths.Entry] = []
    var childNodes: [Int32] = []
    var names: [UInt8] = []

    mutating func build(_ paths: [[UInt8]]) {
        guard !paths.isEmpty else { return }
        var prefixes: [[UInt8]] = [[]]
        var nodeOfPrefix: [[UInt8]: Int] = [[]: 0]
        var next = 0
        while next < prefixes.count {
            let prefix = prefixes[next]
            next += 1
            var members: [[UInt8]: (slot: Int32, parent: Int32)] = [:]
            for (slot, path) in paths.enumerated() where path.starts(with: prefix) {
                let rest = path[prefix.count...]
                members[Array(rest), default: (-1, -1)].slot = Int32(slot)
                for dot in rest.indices where rest[dot] == UInt8(ascii: ".") {
                    let name = Array(rest[..<dot])
                    guard members[name, default: (-1, -1)].parent < 0 else { continue }
                    let childPrefix = Array(path[...dot])
                    if nodeOfPrefix[childPrefix] == nil {
                        nodeOfPrefix[childPrefix] = prefixes.count
                        prefixes.append(childPrefix)
                    }
                    members[name, default: (-1, -1)].parent = Int32(childNodes.count)
                    childNodes.append(Int32(nodeOfPrefix[childPrefix] ?? 0))
                }
            }
            appendNode(members)
        }
    }

    /// At most a quarter of the cells is used, so that most unwanted names meet an empty cell at once.
    private mutating func appendNode(_ members: [[UInt8]: (slot: Int32, parent: Int32)]) {
        var bits = 2
        while 1 << bits < members.count * 4 { bits += 1 }
        let node = FieldPaths.Node(offset: Int32(entries.count), shift: UInt8(64 - bits))
        var cells = [FieldPaths.Entry](repeating: .empty, count: 1 << bits)
        for (name, member) in members {
            let words = name.withUnsafeBytes { KeyWords($0) }
            var cell = Int(words.hash >> UInt64(node.shift))
            while cells[cell].words != .none { cell = (cell + 1) & (cells.count - 1) }
            cells[cell] = FieldPaths.Entry(
                words: words, nameOffset: UInt32(names.count), slot: member.slot, parent: member.parent)
            names += name
        }
        nodes.append(node)
        entries += cells
    }
}
