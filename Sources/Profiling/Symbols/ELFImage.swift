/// What an ELF file of 64 bits, least byte first, says of its functions (System V ABI; elf(5)). A file that is none, or broken, has none.
struct ELFImage: ~Copyable {
    private struct Table {
        var offset: Int
        var count: Int
        var namesOffset: Int
    }

    private struct Segment {
        var fileOffset: UInt
        var fileSize: UInt
        var address: UInt
    }

    private let file: MappedFile
    /// `.symtab`, which a stripped file lacks, then `.dynsym`.
    private var tables: [Table] = []
    private var segments: [Segment] = []
    /// Hexadecimal; empty where the file has none.
    private(set) var buildID = ""

    init?(path: String) {
        guard let file = MappedFile(path), file.load(0, as: UInt32.self) == 0x464c_457f, file.load(4, as: UInt16.self) == 0x0102 else {
            return nil
        }
        self.file = file
        readSegments()
        readSections()
    }

    /// The names of the functions that hold `offsets` in the file, in the same order; nil for what no function holds.
    func functionNames(atFileOffsets offsets: [UInt]) -> [String?] {
        var names = [String?](repeating: nil, count: offsets.count)
        // Each symbol looks for the addresses that it holds: there are few of these, and many symbols.
        let wanted = offsets.indices.compactMap { index in address(ofFileOffset: offsets[index]).map { (address: $0, index: index) } }
            .sorted { $0.address < $1.address }
        for table in tables {
            for symbol in 0..<table.count {
                let entry = table.offset + symbol * 24
                guard let kind = file.load(entry + 4, as: UInt8.self), kind & 15 == 2 || kind & 15 == 10,
                    let start = file.load(entry + 8, as: UInt64.self), let size = file.load(entry + 16, as: UInt64.self), size > 0,
                    start <= UInt64.max - size
                else { continue }
                var low = wanted.partitioningIndex { UInt64($0.address) >= start }
                while low < wanted.count, UInt64(wanted[low].address) < start + size {
                    if names[wanted[low].index] == nil, let name = file.load(entry, as: UInt32.self) {
                        names[wanted[low].index] = file.text(table.namesOffset + Int(name))
                    }
                    low += 1
                }
            }
        }
        return names
    }

    private func address(ofFileOffset offset: UInt) -> UInt? {
        segments.first { offset >= $0.fileOffset && offset - $0.fileOffset < $0.fileSize }.map { offset - $0.fileOffset &+ $0.address }
    }

    private mutating func readSegments() {
        guard let start = file.load(32, as: UInt64.self).flatMap({ Int(exactly: $0) }), let size = file.load(54, as: UInt16.self),
            let count = file.load(56, as: UInt16.self)
        else { return }
        for index in 0..<Int(count) {
            let (header, overflow) = start.addingReportingOverflow(index * Int(size))
            guard !overflow, header < file.count, let type = file.load(header, as: UInt32.self),
                let offset = file.load(header + 8, as: UInt64.self), let address = file.load(header + 16, as: UInt64.self),
                let fileSize = file.load(header + 32, as: UInt64.self)
            else { return }
            if type == 1 { segments.append(Segment(fileOffset: UInt(offset), fileSize: UInt(fileSize), address: UInt(address))) }
            if type == 4, buildID.isEmpty, let offset = Int(exactly: offset), let size = Int(exactly: fileSize) { readNotes(offset, size) }
        }
    }

    private mutating func readNotes(_ offset: Int, _ size: Int) {
        guard offset <= file.count, size <= file.count - offset else { return }
        var place = offset
        while place <= offset + size - 12, let nameSize = file.load(place, as: UInt32.self),
            let contentSize = file.load(place + 4, as: UInt32.self), let type = file.load(place + 8, as: UInt32.self)
        {
            let content = place + 12 + (Int(nameSize) + 3) & ~3
            if type == 3, contentSize <= 64, file.text(place + 12) == "GNU", let bytes = file.bytes(content, count: Int(contentSize)) {
                buildID = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                return
            }
            place = content + (Int(contentSize) + 3) & ~3
        }
    }

    private mutating func readSections() {
        guard let start = file.load(40, as: UInt64.self).flatMap({ Int(exactly: $0) }), let size = file.load(58, as: UInt16.self),
            let count = file.load(60, as: UInt16.self), start < file.count
        else { return }
        for wantedType: UInt32 in [2, 11] {
            for index in 0..<Int(count) {
                let header = start + index * Int(size)
                // A whole file has one of each.
                guard tables.count < 4, file.load(header + 4, as: UInt32.self) == wantedType,
                    let offset = file.load(header + 24, as: UInt64.self).flatMap({ Int(exactly: $0) }),
                    let bytes = file.load(header + 32, as: UInt64.self).flatMap({ Int(exactly: $0) }),
                    let link = file.load(header + 40, as: UInt32.self), link < count,
                    let names = file.load(start + Int(link) * Int(size) + 24, as: UInt64.self).flatMap({ Int(exactly: $0) }),
                    offset < file.count, names < file.count
                else { continue }
                tables.append(Table(offset: offset, count: min(bytes, file.count - offset) / 24, namesOffset: names))
            }
        }
    }
}

extension Array {
    /// The first index whose element fulfils `isAfter`, where those that do follow those that don't.
    fileprivate func partitioningIndex(where isAfter: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
