/// What a container runtime puts around each line of a program.
enum LineEnvelope: String, Equatable, Sendable, CaseIterable {
    /// Docker's `json-file` logging driver.
    case docker
    /// What the runtimes under Kubernetes write: containerd, CRI-O.
    case cri
}

/// Why a line has not the envelope that it should have.
enum EnvelopeError: Error, Equatable, CustomStringConvertible {
    case docker(DockerLineError)
    case cri(CRILineError)

    var description: String {
        switch self {
        case .docker(let error): error.description
        case .cri(let error): error.description
        }
    }
}

/// Takes the envelope off lines.
struct EnvelopeReader {
    private enum Form {
        case none
        case docker(DockerLineReader)
        case cri
    }

    private let form: Form

    init(_ envelope: LineEnvelope?, attributePaths: [String] = []) {
        switch envelope {
        case nil: form = .none
        case .docker: form = .docker(DockerLineReader(attributePaths: attributePaths))
        case .cri: form = .cri
        }
    }

    func unwrap(_ line: UnsafeRawBufferPointer) throws(EnvelopeError) -> EnvelopedLine {
        switch form {
        case .none: return EnvelopedLine(content: line, stream: .unnamed, isPartial: false, time: nil)
        case .docker(let reader):
            do throws(DockerLineError) { return try reader.unwrap(line) } catch { throw .docker(error) }
        case .cri:
            do throws(CRILineError) { return try CRILine.unwrap(line) } catch { throw .cri(error) }
        }
    }

    /// Of the last line. See ``DockerLineReader/attributes``.
    var attributes: UnsafeRawBufferPointer {
        if case .docker(let reader) = form { reader.attributes } else { UnsafeRawBufferPointer(start: nil, count: 0) }
    }
}
