/// The ledger as text for a terminal.
struct LedgerTable {
    private var rows: [[String]] = [["file", "read", "output", "delivered", "pending", "filtered", "refused", "lost"]]

    init(_ report: LedgerReport) {
        for file in report.files {
            add(name: file.currentPath ?? "\(file.path) (gone)", read: file.read, file.outputs)
        }
        for closed in report.closed {
            add(name: "\(closed.files) closed files of \(closed.source)", read: closed.read, closed.outputs)
        }
        for total in report.totals {
            rows.append([
                "total", Self.text(total.read), total.output, Self.text(total.delivered), Self.text(total.pending),
                Self.text(total.filtered), Self.text(total.refused), Self.text(total.lost),
            ])
        }
    }

    private mutating func add(name: String, read: LedgerReport.Count, _ outputs: [LedgerReport.Output]) {
        if outputs.isEmpty { rows.append([name, Self.text(read), "-", "", "", "", "", ""]) }
        for (index, output) in outputs.enumerated() {
            rows.append([
                index == 0 ? name : "", index == 0 ? Self.text(read) : "", output.name, Self.text(output.delivered),
                Self.text(output.pending), Self.text(output.filtered), Self.text(output.refused), Self.text(output.lost),
            ])
        }
    }

    private static func text(_ count: LedgerReport.Count) -> String {
        count.lines == 0 && count.bytes == 0 ? "0" : "\(count.lines) (\(ByteSize.text(count.bytes)))"
    }

    /// Columns side by side: names to the left, numbers to the right.
    var text: String {
        let widths = (0..<8).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 || column == 2 ? cell + padding : padding + cell
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}

/// Sizes for people: `12.3 MiB`.
enum ByteSize {
    static func text(_ bytes: UInt64) -> String {
        var value = Double(bytes)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if value < 1024 { return unit == "B" ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(unit)" }
            value /= 1024
        }
        return "\((value * 10).rounded() / 10) TiB"
    }
}
