import JSONScanning

/// Names a stretch of one file for whoever fills batches; it comes back with the batch's outcome.
typealias SegmentReference = UInt64

/// The open batch of one stream: its entries as they stand in a Loki push, `["1700…","<line>"{,{metadata}}]`, joined by commas.
/// For use by one thread.
final class BatchBuilder {
    enum Appended: Equatable {
        /// How many bytes of the line were no UTF-8 and were replaced by U+FFFD.
        case added(replaced: Int)
        /// The entry would make the batch too large: seal it and append to the next one. Nothing was changed.
        case full
    }

    let stream: StreamLabels
    private let pool: BatchPool
    private let maximumBytes: Int
    private var storage: BatchStorage
    private var lineBytes = 0
    private var oldestTimestamp = UInt64.max
    private var newestTimestamp: UInt64 = 0
    private(set) var openedNanoseconds: UInt64 = 0

    /// `maximumBytes` is that of the whole uncompressed push body. A single entry may be larger: it is sent alone.
    init(stream: StreamLabels, pool: BatchPool, maximumBytes: Int) {
        self.stream = stream
        self.pool = pool
        self.maximumBytes = maximumBytes
        storage = pool.take()
    }

    deinit {
        pool.giveBack(storage)
    }

    /// Of the push body.
    var bytes: Int { PushBody.overhead(stream) + storage.count }
    var entryCount: Int { storage.entryOffsets.count }
    var isEmpty: Bool { storage.entryOffsets.isEmpty }
    /// What it takes of the memory limit.
    var reservedBytes: Int { storage.reservedBytes }

    /// Adds one entry. `metadata` is a whole JSON object, or empty. `arrivedNanoseconds`, on the monotonic clock, is when the
    /// line's bytes were seen; it must not fall from one entry to the next.
    func append(
        timestampNanoseconds: UInt64, line: UnsafeRawBufferPointer, metadata: UnsafeRawBufferPointer, segment: SegmentReference,
        arrivedNanoseconds: UInt64
    ) -> Appended {
        let storage = self.storage
        let start = storage.count
        let isFirst = storage.entryOffsets.isEmpty
        // Brackets, quotes, commas and twenty digits; a quarter for escapes, and room for the fast path of the escaping.
        storage.reserve(64 + line.count + line.count / 4 + metadata.count + 64)
        if !isFirst { storage.appendByte(UInt8(ascii: ",")) }
        let entryStart = storage.count
        storage.appendBytes(#"[""#)
        storage.appendDecimal(timestampNanoseconds)
        storage.appendBytes(#"",""#)
        let replaced = storage.appendEscaped(line)
        storage.reserve(metadata.count + 4)
        storage.appendByte(UInt8(ascii: "\""))
        if !metadata.isEmpty {
            storage.appendByte(UInt8(ascii: ","))
            storage.append(metadata)
        }
        storage.appendByte(UInt8(ascii: "]"))

        if bytes > maximumBytes && !isFirst {
            storage.count = start
            return .full
        }
        if isFirst { openedNanoseconds = arrivedNanoseconds }
        if storage.runs.last?.segment != segment {
            storage.runs.append(BatchStorage.Run(segment: segment, firstEntry: UInt32(entryCount)))
        }
        storage.entryOffsets.append(UInt32(entryStart))
        lineBytes += line.count
        oldestTimestamp = min(oldestTimestamp, timestampNanoseconds)
        newestTimestamp = max(newestTimestamp, timestampNanoseconds)
        return .added(replaced: replaced)
    }

    /// Closes the batch and leaves this builder empty, ready for the next. `sequence` is the caller's number for it.
    /// nil when there is no entry.
    func seal(sequence: UInt64) -> SealedBatch? {
        if isEmpty { return nil }
        let sealed = SealedBatch(
            stream: stream, sequence: sequence, lineBytes: lineBytes, oldestTimestampNanoseconds: oldestTimestamp,
            newestTimestampNanoseconds: newestTimestamp, arrivedNanoseconds: openedNanoseconds, storage: storage, pool: pool)
        storage = pool.take()
        lineBytes = 0
        oldestTimestamp = .max
        newestTimestamp = 0
        return sealed
    }
}

extension BatchStorage {
    /// The caller has reserved the room for all but ``appendEscaped(_:)``.
    @inline(__always)
    fileprivate func appendByte(_ byte: UInt8) {
        bytes.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inline(__always)
    fileprivate func appendBytes(_ text: StaticString) {
        (bytes + count).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    @inline(__always)
    fileprivate func append(_ source: UnsafeRawBufferPointer) {
        guard let base = source.baseAddress else { return }
        (bytes + count).copyMemory(from: base, byteCount: source.count)
        count += source.count
    }

    @inline(__always)
    fileprivate func appendDecimal(_ value: UInt64) {
        var digits = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = value
        var position = count + digits
        count = position
        repeat {
            position -= 1
            bytes.storeBytes(of: UInt8(truncatingIfNeeded: rest % 10) + UInt8(ascii: "0"), toByteOffset: position, as: UInt8.self)
            rest /= 10
        } while rest > 0
    }

    /// Gives how many bytes were no UTF-8.
    fileprivate func appendEscaped(_ line: UnsafeRawBufferPointer) -> Int {
        var rest = line
        var replaced = 0
        while !rest.isEmpty {
            let room = UnsafeMutableRawBufferPointer(start: bytes + count, count: capacity - count)
            let progress = JSONStringEscaping.escape(rest, into: room)
            count += progress.written
            replaced += progress.replaced
            rest = UnsafeRawBufferPointer(rebasing: rest[progress.consumed...])
            if !rest.isEmpty { reserve(rest.count + JSONStringEscaping.maximumExpansion * 8 + 16) }
        }
        return replaced
    }
}
