import Gzip
import OTLP
import Synchronization

/// One push on its way through an output: its batches, what is known of their entries so far, and its compressed body.
/// It is handed from thread to thread, and only the one that has it touches it.
final class PendingPush {
    let batches: [SealedBatch]
    var resolution: PushResolution
    /// The whole push, compressed. A retry sends these very bytes again.
    var body: [UInt8]
    /// Of the whole push, uncompressed.
    let bodyBytes: Int
    var attempts = 0
    var firstAttemptNanoseconds: UInt64 = 0
    /// Every entry is decided; what is left is to put refused ones aside.
    var isDecided = false
    /// Batches whose refused entries stand in the dead-letter file.
    var batchesPutAside = 0

    init(_ batches: [SealedBatch], body: [UInt8], bodyBytes: Int) {
        self.batches = batches
        self.body = body
        self.bodyBytes = bodyBytes
        resolution = PushResolution(batches)
    }

    /// The memory of ``body``, which is then empty.
    func takeBody() -> [UInt8] {
        let taken = body
        body = []
        return taken
    }
}

/// What the bodies of pushes are.
enum PushEncoding: String, Equatable, Sendable, CaseIterable {
    /// Loki's own, for `/loki/api/v1/push`.
    case json
    /// `ExportLogsServiceRequest` in protobuf, for `/otlp/v1/logs`.
    case otlp
}

/// Turns batches into compressed bodies. One per sender thread.
final class PushEncoder {
    /// A message is whole before it is compressed; the memory of one that was larger is given back.
    private static let maximumKeptBytes = 512 << 10

    private let encoding: PushEncoding
    private let gzip: GzipEncoder?
    private var message = ProtobufWriter()

    /// nil: not compressed.
    init(level: Int?, encoding: PushEncoding = .json) {
        self.encoding = encoding
        gzip = level.map { GzipEncoder(level: GzipLevel($0)) }
    }

    /// Replaces what is in `output`, keeping its memory, by the body of `part`. Gives the uncompressed size.
    func encode(_ part: PushPart, of batches: [SealedBatch], into output: inout [UInt8]) -> Int {
        output.removeAll(keepingCapacity: true)
        var count = 0
        gzip?.begin()
        func append(_ piece: UnsafeRawBufferPointer) {
            count += piece.count
            if let gzip { gzip.append(piece, into: &output) } else { output.append(contentsOf: piece) }
        }
        switch encoding {
        case .json: PushBody.write(part, of: batches, to: append)
        case .otlp:
            OTLPBody.append(part, of: batches, to: &message)
            message.bytes.withUnsafeBytes(append)
            message.removeAll(keepingCapacityUpTo: Self.maximumKeptBytes)
        }
        gzip?.finish(into: &output)
        return count
    }
}

/// Keeps the memory of sent bodies for the next ones.
final class PushBodyPool: Sendable {
    /// Bodies compress to a tenth or so; one that did not is not worth keeping.
    private static let maximumBytes = 512 << 10
    private let maximumCount: Int
    private let free = Mutex<[[UInt8]]>([])

    init(maximumCount: Int) {
        self.maximumCount = maximumCount
    }

    func take() -> [UInt8] { free.withLock { $0.popLast() } ?? [] }

    func giveBack(_ body: consuming [UInt8]) {
        guard body.capacity > 0, body.capacity <= Self.maximumBytes else { return }
        var body = body
        body.removeAll(keepingCapacity: true)
        free.withLock { [body] free in
            if free.count < maximumCount { free.append(body) }
        }
    }
}
