/// A Huffman code for a deflate block, with code lengths up to a limit (RFC 1951 §3.2.2).
///
/// All storage is allocated once, for the largest alphabet.
struct PrefixCode {
    let symbolCount: Int
    private let longest: Int
    let lengths: UnsafeMutablePointer<UInt8>
    /// The code of each symbol as it is written: its first bit in the lowest place.
    let codes: UnsafeMutablePointer<UInt16>
    /// Symbols in use, by rising count: the count above, the symbol in the low 16 bits.
    private let order: UnsafeMutablePointer<UInt64>
    /// Of the tree: weights first, then parents, then depths.
    private let nodes: UnsafeMutablePointer<UInt64>

    init(symbolCount: Int, longest: Int) {
        self.symbolCount = symbolCount
        self.longest = longest
        lengths = .allocate(capacity: symbolCount)
        codes = .allocate(capacity: symbolCount)
        order = .allocate(capacity: symbolCount)
        nodes = .allocate(capacity: symbolCount)
        lengths.initialize(repeating: 0, count: symbolCount)
        codes.initialize(repeating: 0, count: symbolCount)
    }

    func deallocate() {
        lengths.deallocate()
        codes.deallocate()
        order.deallocate()
        nodes.deallocate()
    }

    /// Makes the shortest code for symbols that occur `counts` times.
    /// It has two symbols at least: not every decoder takes a code with fewer.
    func build(_ counts: UnsafePointer<UInt32>) {
        var used = 0
        for symbol in 0..<symbolCount {
            lengths[symbol] = 0
            if counts[symbol] > 0 {
                order[used] = UInt64(counts[symbol]) << 16 | UInt64(symbol)
                used += 1
            }
        }
        var unused = 0
        while used < 2 {
            if counts[unused] == 0 {
                order[used] = 1 << 16 | UInt64(unused)
                used += 1
            }
            unused += 1
        }
        sortOrder(used)
        measureDepths(used)
        assignLengths(used)
        assignCodes()
    }

    /// Takes the lengths as they are.
    func assignCodes() {
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 17) { next in
            next.initialize(repeating: 0)
            for symbol in 0..<symbolCount where lengths[symbol] > 0 { next[Int(lengths[symbol]) + 1] += 1 }
            // next[n + 1] counts the codes of n bits; now it becomes the first code of n bits, at next[n].
            var code: UInt16 = 0
            for length in 1...15 {
                code = (code &+ next[length]) &<< 1
                next[length] = code
            }
            for symbol in 0..<symbolCount where lengths[symbol] > 0 {
                let length = Int(lengths[symbol])
                codes[symbol] = reversed(next[length]) &>> UInt16(16 - length)
                next[length] &+= 1
            }
        }
    }

    /// Shell's sort: short, in place, and quick enough for 286 numbers.
    private func sortOrder(_ count: Int) {
        for gap in [132, 57, 23, 10, 4, 1] where gap < count {
            for index in gap..<count {
                let value = order[index]
                var hole = index
                while hole >= gap, order[hole - gap] > value {
                    order[hole] = order[hole - gap]
                    hole -= gap
                }
                order[hole] = value
            }
        }
    }

    /// Leaves in `nodes` the depth of each symbol of `order` in Huffman's tree.
    ///
    /// The tree is made in place (Moffat and Katajainen, 1995): leaves come sorted and inner nodes are made in rising order,
    /// so the two lightest nodes stand at the head of one or the other queue, and one array holds both.
    private func measureDepths(_ count: Int) {
        for index in 0..<count { nodes[index] = order[index] >> 16 }
        var leaf = 0
        var inner = 0
        for made in 0..<count - 1 {
            var weight: UInt64 = 0
            for _ in 0..<2 {
                if leaf < count, inner == made || nodes[leaf] <= nodes[inner] {
                    weight += nodes[leaf]
                    leaf += 1
                } else {
                    weight += nodes[inner]
                    nodes[inner] = UInt64(made)
                    inner += 1
                }
            }
            nodes[made] = weight
        }
        // Each inner node knows its parent; the last is the root. From there down, depth by depth.
        nodes[count - 2] = 0
        for index in stride(from: count - 3, through: 0, by: -1) { nodes[index] = nodes[Int(nodes[index])] + 1 }
        var available = 1
        var depth: UInt64 = 0
        var unread = count - 2
        var write = count - 1
        while available > 0 {
            var innerAtDepth = 0
            while unread >= 0, nodes[unread] == depth {
                innerAtDepth += 1
                unread -= 1
            }
            for _ in innerAtDepth..<available {
                nodes[write] = depth
                write -= 1
            }
            available = 2 * innerAtDepth
            depth += 1
        }
    }

    /// Gives the symbols of `order` their lengths: their depths, cut to `longest` and put right again.
    private func assignLengths(_ count: Int) {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 16) { atLength in
            atLength.initialize(repeating: 0)
            // The share of the code space that is taken; 1 << longest is all of it.
            var taken = 0
            for index in 0..<count {
                let length = min(Int(nodes[index]), longest)
                atLength[length] += 1
                taken += 1 << (longest - length)
            }
            while taken > 1 << longest {
                var length = longest - 1
                while atLength[length] == 0 { length -= 1 }
                atLength[length] -= 1
                atLength[length + 1] += 1
                taken -= 1 << (longest - length - 1)
            }
            while taken < 1 << longest {
                atLength[longest] -= 1
                atLength[longest - 1] += 1
                taken += 1
            }
            var index = 0
            for length in stride(from: longest, through: 1, by: -1) {
                for _ in 0..<atLength[length] {
                    lengths[Int(order[index] & 0xFFFF)] = UInt8(length)
                    index += 1
                }
            }
        }
    }
}

private func reversed(_ code: UInt16) -> UInt16 {
    var bits = code.byteSwapped
    bits = (bits & 0x0F0F) << 4 | (bits >> 4) & 0x0F0F
    bits = (bits & 0x3333) << 2 | (bits >> 2) & 0x3333
    return (bits & 0x5555) << 1 | (bits >> 1) & 0x5555
}
