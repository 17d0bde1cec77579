import Glibc

/// The names of the addresses of a profile.
struct SymbolTable {
    struct Symbol: Equatable {
        /// As a person reads it: of Swift, demangled.
        var name: String
        /// As it stands in the file.
        var linkName: String
        /// Position in ``mappings``; nil: the address is in no file.
        var mapping: Int?
    }

    /// Those that addresses are in.
    private(set) var mappings: [(mapping: CodeMapping, buildID: String, hasFunctions: Bool)] = []
    private var symbols: [UInt: Symbol] = [:]

    /// `addresses` are of instructions: of a return address, the one before. What no symbol holds is called `file+0x…`, by its offset in
    /// the file: a stripped program shows that for all of its own, and `go tool pprof` can name them by the build id and the file with symbols.
    init(_ addresses: Set<UInt>) {
        let sorted = addresses.sorted()
        var rest = sorted[...]
        for mapping in CodeMapping.all() {
            rest = rest.drop { $0 < mapping.start }
            let held = rest.prefix { $0 < mapping.end }
            if held.isEmpty { continue }
            rest = rest[held.endIndex...]
            add(Array(held), mapping)
        }
        for address in sorted where symbols[address] == nil {
            let name = "0x" + String(address, radix: 16)
            symbols[address] = Symbol(name: name, linkName: name, mapping: nil)
        }
    }

    subscript(_ address: UInt) -> Symbol { symbols[address] ?? Symbol(name: "?", linkName: "?", mapping: nil) }

    private mutating func add(_ addresses: [UInt], _ mapping: CodeMapping) {
        let offsets = addresses.map { $0 - mapping.start + mapping.fileOffset }
        var names = [String?](repeating: nil, count: addresses.count)
        var buildID = ""
        if let image = ELFImage(path: mapping.path == Self.programPath ? "/proc/self/exe" : mapping.path) {
            names = image.functionNames(atFileOffsets: offsets)
            buildID = image.buildID
        }
        let file = mapping.path.split(separator: "/").last.map(String.init) ?? mapping.path
        for (index, address) in addresses.enumerated() {
            let linkName = names[index] ?? "\(file)+0x\(String(offsets[index], radix: 16))"
            symbols[address] = Symbol(name: SwiftName.demangled(linkName), linkName: linkName, mapping: mappings.count)
        }
        mappings.append((mapping, buildID, names.contains { $0 != nil }))
    }

    /// Opened by way of `/proc`, it is the very file, even when another one has its name by now.
    private static let programPath: String = {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { buffer in
                buffer.baseAddress.map { readlink("/proc/self/exe", $0, buffer.count) } ?? -1
            }
        }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }()
}

enum SwiftName {
    /// The name as it stands in source where it is one of Swift, else the same.
    static func demangled(_ name: String) -> String {
        guard name.hasPrefix("$s") || name.hasPrefix("$S") || name.hasPrefix("_$s") else { return name }
        guard let text = swift_demangle(name, name.utf8.count, nil, nil, 0) else { return name }
        defer { free(text) }
        return String(cString: text)
    }
}

/// Of Swift's run time (`swift/Demangling/Demangle.h`): gives memory of `malloc`, or nil where the name is none of Swift.
@_silgen_name("swift_demangle")
private func swift_demangle(
    _ name: UnsafePointer<CChar>, _ length: Int, _ output: UnsafeMutablePointer<CChar>?, _ outputLength: UnsafeMutablePointer<Int>?,
    _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?
