/// Takes one body off the wire, piece by piece as it arrives.
struct BodyDecoder: Sendable {
    private enum State {
        case remaining(Int)
        case untilClose
        case chunked(ChunkedDecoder)
        case complete
    }

    private var state: State
    private var allowance: Int
    private let limits: HTTPLimits

    /// Throws when the body is announced larger than the limit.
    init(framing: BodyFraming, limits: HTTPLimits) throws(HTTPParseError) {
        self.limits = limits
        allowance = limits.bodyBytes
        switch framing {
        case .none, .length(0): state = .complete
        case .length(let count):
            if count > limits.bodyBytes { throw .bodyTooLarge(limitBytes: limits.bodyBytes) }
            state = .remaining(count)
        case .chunked: state = .chunked(ChunkedDecoder(limits: limits))
        case .untilClose: state = .untilClose
        }
    }

    var isComplete: Bool { if case .complete = state { true } else { false } }

    /// Moves body bytes from `input` to the end of `body`. True once the body is whole; what follows it stays in `input`.
    mutating func decode(_ input: inout ReceiveBuffer, into body: inout [UInt8]) throws(HTTPParseError) -> Bool {
        switch state {
        case .complete: return true
        case .remaining(let count):
            let piece = input.bytes.prefix(count)
            body.append(contentsOf: piece)
            state = piece.count == count ? .complete : .remaining(count - piece.count)
            input.consume(piece.count)
        case .untilClose:
            if input.count > allowance { throw .bodyTooLarge(limitBytes: limits.bodyBytes) }
            allowance -= input.count
            body.append(contentsOf: input.bytes)
            input.removeAll()
        case .chunked(var decoder):
            if try decoder.decode(&input, into: &body, allowance: &allowance) {
                state = .complete
            } else {
                state = .chunked(decoder)
            }
        }
        return isComplete
    }

    /// The peer closed the connection: fine only where that ends the body.
    mutating func end() throws(HTTPParseError) {
        switch state {
        case .complete: break
        case .untilClose: state = .complete
        case .remaining(let count): throw .endedEarly("with \(count) bytes of the body missing")
        case .chunked: throw .endedEarly("in a chunked body")
        }
    }
}

/// Undoes the chunked transfer coding (RFC 9112 §7.1). Extensions are skipped and trailer fields checked and dropped.
struct ChunkedDecoder: Sendable {
    private enum State {
        case size
        case data(Int)
        case dataEnd
        case trailers(FieldSectionParser)
    }

    private var state = State.size
    private let limits: HTTPLimits
    /// Extensions carry nothing for us: without a limit they would be a way to send for ever.
    private var extensionAllowance: Int
    private static let maximumSizeDigits = 15

    init(limits: HTTPLimits) {
        self.limits = limits
        extensionAllowance = limits.headBytes
    }

    mutating func decode(
        _ input: inout ReceiveBuffer, into body: inout [UInt8], allowance: inout Int
    ) throws(HTTPParseError) -> Bool {
        while true {
            switch state {
            case .size:
                guard let line = try input.nextLine() else {
                    if input.count > extensionAllowance + Self.maximumSizeDigits { throw .malformed("an endless chunk size line") }
                    return false
                }
                let size = try chunkSize(line)
                if size > allowance { throw .bodyTooLarge(limitBytes: limits.bodyBytes) }
                allowance -= size
                state = size == 0 ? .trailers(FieldSectionParser(limits: limits)) : .data(size)
            case .data(let count):
                let piece = input.bytes.prefix(count)
                if piece.isEmpty { return false }
                body.append(contentsOf: piece)
                state = piece.count == count ? .dataEnd : .data(count - piece.count)
                input.consume(piece.count)
            case .dataEnd:
                let end = Array(input.bytes.prefix(2))
                if let wrong = end.indices.first(where: { end[$0] != [0x0d, 0x0a][$0] }) {
                    throw .malformed("a chunk does not end where its size says: \(ASCIIText.quoted(end[...wrong]))")
                }
                if end.count < 2 { return false }
                input.consume(2)
                state = .size
            case .trailers(var parser):
                let trailers = try parser.parse(&input)
                state = .trailers(parser)
                return trailers != nil
            }
        }
    }

    private mutating func chunkSize(_ line: ArraySlice<UInt8>) throws(HTTPParseError) -> Int {
        let digits = line.prefix { $0 != UInt8(ascii: ";") }
        let rest = line[digits.endIndex...]
        guard !digits.isEmpty, digits.count <= Self.maximumSizeDigits else { throw Self.badSize(line) }
        var size = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): size = size << 4 | Int(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                size = size << 4 | Int((digit | 0x20) - UInt8(ascii: "a") + 10)
            default: throw Self.badSize(line)
            }
        }
        guard rest.allSatisfy({ HTTPGrammar.isFieldContent($0) }) else { throw Self.badSize(line) }
        extensionAllowance -= rest.count
        if extensionAllowance < 0 { throw .malformed("chunk extensions of more than \(limits.headBytes) bytes") }
        return size
    }

    private static func badSize(_ line: ArraySlice<UInt8>) -> HTTPParseError {
        .malformed("a bad chunk size: \(ASCIIText.quoted(line))")
    }
}
