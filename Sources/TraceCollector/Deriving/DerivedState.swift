import Glibc
import Gzip
import SystemIO

/// The values of all derived metrics, and the place in the log up to which its spans are counted in them: a file that is replaced whole.
///
/// `TSPNDRV1`, segment, offset and length of the values, eight bytes each and little-endian; the values; the CRC-32 of all that in four.
struct DerivedState: Equatable {
    private static let mark = Array("TSPNDRV1".utf8)
    private static let headBytes = 32
    private static let maximumBytes: UInt64 = 1 << 30

    var position: LogPosition
    /// What ``SeriesCapture`` has encoded.
    var values: [UInt8]

    enum Loaded: Equatable {
        case state(DerivedState)
        case none
        case damaged
    }

    static func load(_ path: String) throws(SystemError) -> Loaded {
        let file: FileDescriptor
        do throws(SystemError) { file = try FileDescriptor(opening: path) } catch {
            if error.code == ENOENT { return .none }
            throw error
        }
        let size = try FileStatus(ofDescriptor: file).size
        guard size >= UInt64(headBytes + 4), size <= maximumBytes else { return .damaged }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        guard try file.readAll(into: &bytes, at: 0), let state = DerivedState(bytes) else { return .damaged }
        return .state(state)
    }

    func save(_ path: String) throws(SystemError) { try AtomicFileReplacement.write(encoded, to: path) }

    var encoded: [UInt8] {
        var bytes = Self.mark
        for number in [position.segment, position.offset, UInt64(values.count)] {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.append(contentsOf: values)
        let checksum = bytes.withUnsafeBytes { CRC32.of($0) }
        withUnsafeBytes(of: checksum.littleEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }

    init(position: LogPosition, values: [UInt8]) {
        self.position = position
        self.values = values
    }

    /// nil where these are not the bytes of one.
    init?(_ bytes: [UInt8]) {
        let end = bytes.count - 4
        guard end >= Self.headBytes, bytes.starts(with: Self.mark) else { return nil }
        let (numbers, isIntact) = bytes.withUnsafeBytes { raw in
            let numbers = (1...3).map { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)) }
            let checksum = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: end, as: UInt32.self))
            return (numbers, checksum == CRC32.of(UnsafeRawBufferPointer(rebasing: raw[..<end])))
        }
        guard isIntact, numbers[2] == UInt64(end - Self.headBytes) else { return nil }
        self.init(position: LogPosition(segment: numbers[0], offset: numbers[1]), values: Array(bytes[Self.headBytes..<end]))
    }
}
