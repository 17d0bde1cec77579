/// What of one stream is open: the entry so far, and the line that is only there in part.
final class EntryLane {
    /// Something that is made of lines of the file.
    struct Part {
        var offset: UInt64 = 0
        var time: UInt64?
        var tally = Tally()
        var isCut = false
        var isSplit = false
        /// Lines as the program wrote them.
        var lineCount = 0

        /// Takes what follows into it.
        mutating func join(_ next: Part) {
            tally += next.tally
            isCut = isCut || next.isCut
            isSplit = isSplit || next.isSplit
            lineCount += next.lineCount
        }
    }

    // Contents stand in memory that is used again and again.
    // `@exclusivity(unchecked)`: nothing is called out to while one of these changes.
    @exclusivity(unchecked) private(set) var entry: Part?
    @exclusivity(unchecked) private var entryText = EntryBuffer(capacity: 256)
    @exclusivity(unchecked) private var attributesOfEntry = EntryBuffer(capacity: 64)
    @exclusivity(unchecked) private(set) var partialLine: Part?
    @exclusivity(unchecked) private var partialText = EntryBuffer(capacity: 256)
    @exclusivity(unchecked) private var attributesOfLine = EntryBuffer(capacity: 64)

    var entryBytes: UnsafeRawBufferPointer { entryText.bytes }
    var partialBytes: UnsafeRawBufferPointer { partialText.bytes }
    /// Of the first line of each: what its envelope says beside.
    var entryAttributes: UnsafeRawBufferPointer { attributesOfEntry.bytes }
    var partialAttributes: UnsafeRawBufferPointer { attributesOfLine.bytes }
    var isOpen: Bool { entry != nil || partialLine != nil }

    /// Offset of the first line that is open.
    var start: UInt64? { entry?.offset ?? partialLine?.offset }

    var tally: Tally { (entry?.tally ?? Tally()) + (partialLine?.tally ?? Tally()) }

    func addPartial(_ part: Part, _ text: UnsafeRawBufferPointer, attributes: UnsafeRawBufferPointer) {
        if partialLine == nil {
            partialLine = part
            partialText.removeAll()
            attributesOfLine.removeAll()
            attributesOfLine.append(attributes)
        } else {
            partialLine?.join(part)
        }
        partialText.append(text)
    }

    /// The partial line is taken out; its bytes stay until the next one begins.
    func takePartialLine() -> Part? {
        defer { partialLine = nil }
        return partialLine
    }

    func addToEntry(_ part: Part, _ text: UnsafeRawBufferPointer, attributes: UnsafeRawBufferPointer) {
        if entry == nil {
            entry = part
            entryText.removeAll()
            attributesOfEntry.removeAll()
            attributesOfEntry.append(attributes)
        } else {
            entry?.join(part)
            entryText.append(UInt8(ascii: "\n"))
        }
        entryText.append(text)
    }

    /// The entry is taken out; its bytes stay until the next one begins.
    func takeEntry() -> Part? {
        defer { entry = nil }
        return entry
    }

    func clear() {
        entry = nil
        partialLine = nil
    }
}
