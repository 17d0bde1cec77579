/// What a connection has done on a worker thread.
enum ServerWork: Sendable {
    case handle(HTTPRequest)
    case decide(HTTPRequestHead)
    case consume(BodyStream, bytes: [UInt8], isLast: Bool)
    case interrupt(BodyStream, HTTPBodyInterruption)
    /// Of a response, the next piece.
    case read(HTTPFileRange, offset: UInt64)

    /// Whether it moves long bodies to and from disks. Such work has threads of its own: what it waits for holds up nobody else.
    var isTransfer: Bool {
        switch self {
        case .handle, .decide: false
        case .consume, .interrupt, .read: true
        }
    }
}

/// What came of it.
enum ServerWorkOutcome: Sendable {
    case answered(HTTPResponse)
    case decided(BodyDecision)
    /// nil: more of the body is wanted.
    case consumed(HTTPResponse?)
    case interrupted(HTTPResponse?)
    /// nil: the file can't be read any more.
    case read([UInt8]?)
}

/// An ``HTTPBodyDisposition`` whose consumer will learn the end of its body, whatever happens from here on.
enum BodyDecision: Sendable {
    case gathered
    case streamed(BodyStream, limitBytes: Int)
    case refused(HTTPResponse)

    init(_ disposition: HTTPBodyDisposition) {
        switch disposition {
        case .gathered: self = .gathered
        case .streamed(let consumer, let limitBytes): self = .streamed(BodyStream(to: consumer), limitBytes: limitBytes)
        case .refused(let response): self = .refused(response)
        }
    }
}
