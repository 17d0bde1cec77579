import JSONScanning

/// An `add` step: puts members at the end of a line of JSON, unless a member with that name is there. To a line that is no JSON it adds
/// structured metadata.
final class MemberAddition {
    private struct Member {
        /// `"region":`, and for metadata `"region":"`.
        var opening: [UInt8]
        var metadataOpening: [UInt8]
        var slot: Int
        var value: Value
    }

    private enum Value {
        /// With the quotes.
        case constant(json: [UInt8])
        case field(slot: Int)
        /// The path under which the line's file was found.
        case path
    }

    private let members: [Member]
    private let scratch = DecodingScratch()

    /// `reserved`: names of metadata that the source gives itself; those win.
    init(_ settings: [NamedTemplate], reserved: Set<String>, slot: (String) -> Int) {
        members = settings.map { named in
            var name: [UInt8] = [UInt8(ascii: "\"")]
            JSONStringEscaping.append(named.name, to: &name)
            name += Array("\":".utf8)
            let metadataName = Self.metadataName(named.name)
            let opening = reserved.contains(metadataName) ? [] : Array("\"\(metadataName)\":\"".utf8)
            switch named.template {
            case .constant(let text):
                var json: [UInt8] = [UInt8(ascii: "\"")]
                JSONStringEscaping.append(text, to: &json)
                json.append(UInt8(ascii: "\""))
                return Member(opening: name, metadataOpening: opening, slot: slot(named.name), value: .constant(json: json))
            case .field(LineOrigin.pathField):
                return Member(opening: name, metadataOpening: opening, slot: slot(named.name), value: .path)
            case .field(let path):
                return Member(opening: name, metadataOpening: opening, slot: slot(named.name), value: .field(slot: slot(path)))
            }
        }
    }

    func apply(to line: TransformedLine) -> Bool {
        guard line.form == .json, let brace = line.line.lastIndex(of: UInt8(ascii: "}")) else { return addMetadata(to: line) }
        return line.edit { edits in
            var isFirst = Self.isEmptyObject(line.bytes, closingAt: brace)
            for member in members where line.fields[member.slot].kind == .missing {
                if case .field(let slot) = member.value, line.fields[slot].kind == .missing { continue }
                edits.replace(brace..<brace) { bytes in
                    if !isFirst { bytes.append(UInt8(ascii: ",")) }
                    isFirst = false
                    bytes += member.opening
                    append(member.value, of: line, to: &bytes)
                }
            }
        }
    }

    private func append(_ value: Value, of line: TransformedLine, to bytes: inout [UInt8]) {
        switch value {
        case .constant(let json): bytes += json
        case .field(let slot):
            let field = line.fields[slot]
            if field.kind == .string { bytes.append(UInt8(ascii: "\"")) }
            bytes += field.text(in: line.bytes)
            if field.kind == .string { bytes.append(UInt8(ascii: "\"")) }
        case .path:
            bytes.append(UInt8(ascii: "\""))
            JSONStringEscaping.append(line.path, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    private func addMetadata(to line: TransformedLine) -> Bool {
        var isChanged = false
        for member in members where !member.metadataOpening.isEmpty {
            switch member.value {
            case .constant(let json):
                line.addMetadata(member.metadataOpening) { bytes in
                    json[1..<json.count - 1].withUnsafeBytes { bytes.append($0) }
                }
            case .field(let slot):
                guard let text = scratch.text(of: line.fields[slot], in: line.bytes) else { continue }
                line.addMetadata(member.metadataOpening) { $0.appendEscaped(text) }
            case .path:
                line.addMetadata(member.metadataOpening) { bytes in
                    Array(line.path.utf8).withUnsafeBytes { _ = bytes.appendEscaped($0) }
                }
            }
            isChanged = true
        }
        return isChanged
    }

    private static func isEmptyObject(_ line: UnsafeRawBufferPointer, closingAt brace: Int) -> Bool {
        var place = brace
        while place > 0, line[place - 1] <= 0x20 { place -= 1 }
        return place > 0 && line[place - 1] == UInt8(ascii: "{")
    }

    /// Loki takes the names of labels for metadata: letters, digits and `_`.
    static func metadataName(_ name: String) -> String {
        let plain = name.utf8.map { TextByte.isLetterOrDigit($0) ? $0 : UInt8(ascii: "_") }
        let text = String(decoding: plain, as: UTF8.self)
        return plain.first.map(TextByte.isDigit) ?? true ? "_" + text : text
    }
}
