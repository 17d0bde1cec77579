import HTTP
import OTLP

/// What travels from one process to the next: which trace, which span is the parent, and whether it is recorded
/// (W3C Trace Context). Small and free of references but for ``state``.
package struct TraceContext: Hashable, Sendable {
    package let traceID: TraceID
    package let spanID: SpanID
    package let isSampled: Bool
    /// The trace id's last seven bytes are random: what samplers by trace id need.
    package let isRandom: Bool
    /// The members of `tracestate` as received, joined with commas; empty where there are none. Passed on, never changed.
    package let state: String

    package init(traceID: TraceID, spanID: SpanID, isSampled: Bool, isRandom: Bool, state: String = "") {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.isRandom = isRandom
        self.state = state
    }

    /// From a header's text; nil where it is no valid `traceparent`: then a new trace begins. Of a later version, the part that version
    /// 00 has is read.
    package init?(traceparent: String, state: String = "") {
        let bytes = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = Self.byte(bytes[0], bytes[1]), version != 0xff,
            version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == dash,
            let traceID = TraceID(hexadecimal: bytes[3..<35]), let spanID = SpanID(hexadecimal: bytes[36..<52]),
            let flags = Self.byte(bytes[53], bytes[54])
        else { return nil }
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 != 0, isRandom: flags & 2 != 0, state: state)
    }

    /// From a request; nil where it has no valid `traceparent`, or several.
    package init?(headers: HTTPHeaders) {
        let parents = headers.all("traceparent")
        guard parents.count == 1 else { return nil }
        self.init(traceparent: parents[0], state: TraceState.joined(headers.all("tracestate")) ?? "")
    }

    /// `00-<trace id>-<span id>-<flags>`, for the next process.
    package var traceparent: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(55)
        bytes += [UInt8(ascii: "0"), UInt8(ascii: "0"), UInt8(ascii: "-")]
        traceID.appendHexadecimal(to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        spanID.appendHexadecimal(to: &bytes)
        bytes += [UInt8(ascii: "-"), UInt8(ascii: "0"), UInt8(ascii: "0") + flags]
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a request to another process carries.
    package func append(to headers: inout HTTPHeaders) {
        headers.set("traceparent", traceparent)
        if !state.isEmpty { headers.set("tracestate", state) }
    }

    var flags: UInt8 { (isSampled ? 1 : 0) | (isRandom ? 2 : 0) }

    private static func byte(_ first: UInt8, _ second: UInt8) -> UInt8? {
        guard let high = digit(first), let low = digit(second) else { return nil }
        return high << 4 | low
    }

    /// Lower case only.
    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
