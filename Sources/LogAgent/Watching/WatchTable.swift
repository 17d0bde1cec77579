import CommandLineInterface

/// What `top` shows of two looks at one agent. A text without a terminal's state: tests read it.
struct WatchTable {
    /// One look.
    struct Look {
        var status: StatusReport
        /// Monotonic.
        var nanoseconds: UInt64
    }

    let terminal: Terminal
    /// Of the terminal; longer lines are cut, and what does not fit is left out from the end.
    var columns = TextLayout.width
    var rows = Int.max

    private enum Alignment { case left, right }

    private struct Column {
        var title: String
        var alignment: Alignment
    }

    /// `previous` is nil at the first look: there are no rates then. `error`: why the last look failed, if it did.
    func text(_ current: Look, previous: Look?, address: String, error: String? = nil) -> String {
        let status = current.status
        var lines = [head(current, previous, address)]
        if let error { lines.append(terminal.styled(clipped("no answer: \(error)"), .red)) }
        if let problem = status.configurationError {
            lines.append(terminal.styled(clipped("configuration refused: \(problem)"), .red))
        }
        if let problem = status.checkpointError { lines.append(terminal.styled(clipped("checkpoint: \(problem)"), .red)) }
        lines += [""] + sources(current, previous) + [""] + outputs(current, previous) + [""]
        lines += metrics(status, room: rows - lines.count - 1)
        return lines.prefix(rows).joined(separator: "\n") + "\n"
    }

    private func head(_ current: Look, _ previous: Look?, _ address: String) -> String {
        let status = current.status
        var parts = [
            "log-agent \(status.version)", address, "up \(Self.span(status.uptimeSeconds))",
            "\(ByteSize.text(status.residentBytes)) resident",
        ]
        if let seconds = seconds(current, previous), let previous {
            let share = max(0, status.cpuSeconds - previous.status.cpuSeconds) / seconds * 100
            parts.append("\(Self.number(share)) % CPU")
        }
        parts.append(status.catchingUp ? "catching up" : "ready")
        let text = clipped(parts.joined(separator: "  "))
        return terminal.styled(text, status.catchingUp ? .yellow : .bold)
    }

    // MARK: Tables

    private func sources(_ current: Look, _ previous: Look?) -> [String] {
        let titles = [
            Column(title: "SOURCE", alignment: .left), Column(title: "files", alignment: .right),
            Column(title: "lines/s", alignment: .right),
            Column(title: "bytes/s", alignment: .right), Column(title: "lag", alignment: .right),
            Column(title: "lines", alignment: .right), Column(title: "no parse", alignment: .right),
        ]
        let rows = current.status.sources.map { source -> [String] in
            let before = previous?.status.sources.first { $0.name == source.name }
            return [
                source.name, "\(source.files + source.rotatedFiles)", rate(source.linesRead, before?.linesRead, current, previous),
                byteRate(source.bytesRead, before?.bytesRead, current, previous), ByteSize.text(source.lagBytes),
                Self.count(source.linesRead), Self.count(source.parseErrors),
            ]
        }
        return table(titles, rows) { current.status.sources[$0].lagBytes > 1 << 20 ? .yellow : nil }
    }

    private func outputs(_ current: Look, _ previous: Look?) -> [String] {
        let titles = [
            Column(title: "OUTPUT", alignment: .left), Column(title: "lines/s", alignment: .right),
            Column(title: "pending", alignment: .right),
            Column(title: "held", alignment: .right), Column(title: "behind", alignment: .right),
            Column(title: "retries", alignment: .right),
            Column(title: "refused", alignment: .right), Column(title: "lost", alignment: .right),
        ]
        let rows = current.status.outputs.map { output -> [String] in
            let before = previous?.status.outputs.first { $0.name == output.name }
            return [
                output.name, rate(output.deliveredLines, before?.deliveredLines, current, previous), Self.count(output.pendingLines),
                ByteSize.text(UInt64(max(0, output.heldBytes))), "\(output.filesBehind)", Self.count(output.retries),
                Self.count(output.refusedLines), Self.count(output.lostLines),
            ]
        }
        var lines = table(titles, rows) { current.status.outputs[$0].healthy ? nil : .red }
        for output in current.status.outputs {
            if let error = output.lastError { lines.append(terminal.styled(clipped("  \(output.name): \(error)"), .red)) }
        }
        return lines
    }

    private func metrics(_ status: StatusReport, room: Int) -> [String] {
        let titles = [
            Column(title: "METRIC", alignment: .left), Column(title: "series", alignment: .right),
            Column(title: "limit", alignment: .right),
            Column(title: "matched", alignment: .right), Column(title: "no value", alignment: .right),
            Column(title: "overflowed", alignment: .right),
        ]
        let sorted = status.metrics.sorted { ($1.series, $0.name) < ($0.series, $1.name) }
        let shown = Array(sorted.prefix(max(0, min(room - 1, sorted.count))))
        let rows = shown.map {
            [
                $0.name, "\($0.series)", "\($0.maximumSeries)", Self.count($0.matchedLines), Self.count($0.valueErrors),
                Self.count($0.overflowed),
            ]
        }
        return table(titles, rows) { shown[$0].overflowed > 0 ? .yellow : nil }
    }

    private func table(_ titles: [Column], _ rows: [[String]], style: (Int) -> Terminal.Style?) -> [String] {
        let widths = titles.indices.map { column in
            ([titles[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            // The first column gives way to the numbers.
            let rest = widths.dropFirst().reduce(0) { $0 + $1 + 2 }
            let first = max(8, min(widths[0], columns - rest))
            return clipped(
                cells.enumerated().map { column, cell in
                    let width = column == 0 ? first : widths[column]
                    let text = cell.count > width ? cell.prefix(max(0, width - 1)) + "…" : cell[...]
                    let padding = String(repeating: " ", count: max(0, width - text.count))
                    return titles[column].alignment == .left ? text + padding : padding + text
                }.joined(separator: "  "))
        }
        return [terminal.styled(line(titles.map(\.title)), .dim)]
            + rows.enumerated().map { position, cells in
                style(position).map { terminal.styled(line(cells), $0) } ?? line(cells)
            }
    }

    // MARK: Numbers

    private func seconds(_ current: Look, _ previous: Look?) -> Double? {
        guard let previous, current.nanoseconds > previous.nanoseconds else { return nil }
        return Double(current.nanoseconds - previous.nanoseconds) / 1e9
    }

    /// A count that fell is of an agent that was started again.
    private func perSecond(_ now: UInt64, _ before: UInt64?, _ current: Look, _ previous: Look?) -> Double? {
        guard let seconds = seconds(current, previous), let before, now >= before else { return nil }
        return Double(now - before) / seconds
    }

    private func rate(_ now: UInt64, _ before: UInt64?, _ current: Look, _ previous: Look?) -> String {
        perSecond(now, before, current, previous).map(Self.number) ?? "-"
    }

    private func byteRate(_ now: UInt64, _ before: UInt64?, _ current: Look, _ previous: Look?) -> String {
        perSecond(now, before, current, previous).map { ByteSize.text(UInt64($0)) } ?? "-"
    }

    /// At most one place behind the point, and that only below 100.
    static func number(_ value: Double) -> String {
        if value >= 100 || value == value.rounded() { return count(UInt64(max(0, value.rounded()))) }
        return "\((value * 10).rounded() / 10)"
    }

    /// `12,345,678`.
    static func count(_ value: UInt64) -> String {
        let digits = String(value)
        var text = ""
        for (position, digit) in digits.enumerated() {
            if position > 0 && (digits.count - position) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// `3d 4h`, `5m 6s`: the two largest units.
    static func span(_ seconds: Double) -> String {
        var rest = UInt64(max(0, seconds))
        var parts: [String] = []
        for (unit, size) in [("d", UInt64(86_400)), ("h", 3600), ("m", 60), ("s", 1)] {
            if rest >= size || (unit == "s" && parts.isEmpty) {
                parts.append("\(rest / size)\(unit)")
                rest %= size
            } else if !parts.isEmpty {
                break
            }
        }
        return parts.prefix(2).joined(separator: " ")
    }

    private func clipped(_ text: String) -> String {
        let visible = String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) ? "\u{fffd}" : $0 }))
        var line = visible.count > columns ? visible.prefix(max(0, columns - 1)) + "…" : visible[...]
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}
