import Glibc

/// Bytes that arrived and were not parsed yet. Holds no memory while it is empty.
struct ReceiveBuffer: Sendable {
    private var storage: [UInt8] = []
    private var start = 0
    /// How far a search for the end of the current line has come, so that a line that trickles in is searched once.
    private var searched = 0

    init() {}

    init(_ bytes: some Sequence<UInt8>) {
        storage = Array(bytes)
    }

    var count: Int { storage.count - start }
    var isEmpty: Bool { count == 0 }
    var bytes: ArraySlice<UInt8> { storage[start...] }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start > 0 && start >= storage.count / 2 {
            storage.removeSubrange(..<start)
            searched -= start
            start = 0
        }
        storage.append(contentsOf: bytes)
    }

    mutating func append(_ bytes: some Collection<UInt8>) {
        storage.append(contentsOf: bytes)
    }

    mutating func consume(_ count: Int) {
        precondition(count <= self.count, "consumed more than there is")
        start += count
        searched = max(searched, start)
        if start == storage.count { removeAll() }
    }

    mutating func removeAll() {
        storage = []
        start = 0
        searched = 0
    }

    /// Takes the next line, without its CR LF. nil when its end has not arrived. A line feed without its carriage return
    /// is an error: what one program takes for a line end and the next does not is how requests are smuggled.
    mutating func nextLine() throws(HTTPParseError) -> ArraySlice<UInt8>? {
        let from = max(searched, start)
        let end: Int? = storage.withUnsafeBytes { raw in
            guard from < raw.count, let base = raw.baseAddress else { return nil }
            return memchr(base + from, 0x0a, raw.count - from).map { UnsafeRawPointer($0) - base }
        }
        guard let end else {
            searched = storage.count
            return nil
        }
        guard end > start, storage[end - 1] == 0x0d else {
            throw .malformed("a line ends in LF without CR: \(ASCIIText.quoted(storage[start...end]))")
        }
        let line = storage[start..<(end - 1)]
        consume(end + 1 - start)
        return line
    }
}
