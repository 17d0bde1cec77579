@testable import OTLP

/// A request of spans in JSON. What it becomes in protobuf can be read, and takes no more room.
enum TraceJSONFuzzing {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        let transcoder = TraceJSONTranscoder()
        guard let request = transcode(bytes, transcoder) else { return }
        precondition(request == transcode(bytes, transcoder), "the second time it is another")
        precondition(request.count <= bytes.count, "\(bytes.count) bytes become \(request.count)")
        var index = TraceIndex()
        do throws(TraceReadError) {
            try request.span.bytes.withUnsafeBytes { (raw) throws(TraceReadError) in try index.read(raw) }
        } catch {
            guard case .tooDeep = error.reason else { preconditionFailure("what was made of it can't be read: \(error)") }
        }
    }

    private static func transcode(_ bytes: UnsafeRawBufferPointer, _ transcoder: TraceJSONTranscoder) -> [UInt8]? {
        var writer = ProtobufWriter()
        do throws(TraceJSONError) { try transcoder.transcode(bytes, to: &writer) } catch {
            precondition(!error.description.isEmpty, "an error that says nothing")
            return nil
        }
        return writer.bytes
    }
}
