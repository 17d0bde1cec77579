import Glibc
import SystemIO

/// A part of the address space that holds a file's code, as `/proc/self/maps` has it.
package struct CodeMapping: Equatable, Sendable {
    package let start: UInt
    package let end: UInt
    /// Of ``start`` in the file.
    package let fileOffset: UInt
    package let path: String

    /// All that can be executed, in the order of addresses.
    static func all() -> [CodeMapping] { parse(SmallTextFile.read("/proc/self/maps")) }

    /// `start-end rwxp offset device inode path`, in hexadecimal; what is no such line is passed over.
    static func parse(_ text: String) -> [CodeMapping] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 5)
            guard words.count == 6, words[1].contains("x") else { return nil }
            let range = words[0].split(separator: "-")
            guard range.count == 2, let start = UInt(range[0], radix: 16), let end = UInt(range[1], radix: 16),
                let offset = UInt(words[2], radix: 16), start < end
            else { return nil }
            return CodeMapping(start: start, end: end, fileOffset: offset, path: String(words[5].drop { $0 == " " }))
        }
    }
}

private enum SmallTextFile {
    /// Empty where it can't be read.
    static func read(_ path: String) -> String {
        guard let file = try? FileDescriptor(opening: path) else { return "" }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while let count = chunk.withUnsafeMutableBytes({ (try? file.read(into: $0)) ?? nil }), count > 0, bytes.count < 16 << 20 {
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A file's bytes in memory, only read from the disk where they are looked at. Reads beyond its end give nil.
struct MappedFile: ~Copyable {
    private let bytes: UnsafeRawBufferPointer

    /// nil where it can't be mapped.
    init?(_ path: String) {
        guard let file = try? FileDescriptor(opening: path) else { return nil }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0,
            let address = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, file.rawValue, 0), address != MAP_FAILED
        else { return nil }
        bytes = UnsafeRawBufferPointer(start: address, count: Int(status.st_size))
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

    var count: Int { bytes.count }

    func load<Integer: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as _: Integer.Type) -> Integer? {
        guard offset >= 0, offset <= bytes.count - MemoryLayout<Integer>.size else { return nil }
        return Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    func bytes(_ offset: Int, count: Int) -> [UInt8]? {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
        return Array(bytes[offset..<offset + count])
    }

    /// Up to the next zero byte.
    func text(_ offset: Int) -> String? {
        guard offset >= 0, offset < bytes.count else { return nil }
        return String(decoding: bytes[offset...].prefix(4096).prefix { $0 != 0 }, as: UTF8.self)
    }
}
