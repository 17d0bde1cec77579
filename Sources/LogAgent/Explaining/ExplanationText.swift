import CommandLineInterface

/// An explanation for a person: at most 80 columns, unless a word is longer.
struct ExplanationText {
    let terminal: Terminal
    private static let indent = 12

    func text(of line: LineExplanation) -> String {
        let title = line.lines > 1 ? "lines \(line.number - line.lines + 1) to \(line.number)" : "line \(line.number)"
        let facts = "source \(line.source), \(line.format), \(line.bytes) bytes\(line.isCut ? ", cut" : "")"
        let gap = String(repeating: " ", count: max(2, TextLayout.width - title.count - facts.count))
        var text = "\(terminal.styled(title, .bold))\(gap)\(terminal.styled(facts, .dim))\n"
        text += block("", [line.text], style: nil, indent: 2)
        if let error = line.parseError { text += row("no \(line.format)", [error], .red) }
        let why =
            line.time.reason.map { "of reading: \($0)" } ?? (line.time.from == "reading" ? "of reading" : "from its \(line.time.from)")
        text += row("time", ["\(line.time.text), \(why)"], line.time.reason == nil ? nil : .yellow)
        text += row(
            "fields", line.fields.isEmpty ? ["none"] : line.fields.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }, nil)
        text += row("metrics", line.moved.isEmpty ? ["none"] : line.moved.map(moved), line.moved.isEmpty ? nil : .green)
        for (position, group) in groups(line.unmoved).enumerated() {
            text += row(position == 0 ? "not moved" : "", [group], .dim)
        }
        for (position, step) in line.transforms.enumerated() {
            text += row(position == 0 ? "steps" : "", effects(of: step), .yellow)
        }
        if line.filtered && !line.transforms.contains(where: { $0.dropped != nil || $0.outputs != nil }) {
            text += row("filtered", ["by its source: neither counted by metrics nor shipped"], .yellow)
        }
        if line.entries.isEmpty && !line.filtered { text += row("shipped", ["nowhere: there is no output"], nil) }
        for entry in line.entries {
            text += row("shipped", ["to \(entry.outputs.joined(separator: ", "))\(entry.tenant.map { ", tenant \($0)" } ?? "")"], nil)
            text += row("  stream", [entry.stream], nil)
            text += row("  entry", [entry.entry], nil)
        }
        return text + "\n"
    }

    private func effects(of step: LineExplanation.Step) -> [String] {
        var effects: [String] = []
        if let reason = step.dropped { effects.append("drops it\(reason.isEmpty ? "" : ": \(reason)")") }
        effects += step.replaced.map { change in
            if change.was.isEmpty { return "adds \(change.now)" }
            return change.now.isEmpty ? "removes \(change.was)" : "replaces \(change.was) by \(change.now)"
        }
        effects += step.fields.map { change in
            "field \(change.field): \(change.was.map { "\"\($0)\"" } ?? "none") becomes \(change.now.map { "\"\($0)\"" } ?? "none")"
        }
        if let metadata = step.metadata { effects.append("adds metadata \(metadata)") }
        if let bytes = step.cutTo { effects.append("cuts it to \(bytes) bytes") }
        if let weight = step.weight { effects.append("keeps it; it stands for \(ShortNumber.text(weight)) lines") }
        if let outputs = step.outputs { effects.append("sends it to \(outputs.isEmpty ? "no output" : outputs.joined(separator: ", "))") }
        if let tenant = step.tenant { effects.append(tenant.isEmpty ? "finds no tenant that can be used" : "gives it to tenant \(tenant)") }
        // The kind is part of a name that nobody chose.
        let name = step.transform.hasSuffix("_" + step.kind) ? step.transform : "\(step.transform) (\(step.kind))"
        let place = step.beforeMetrics ? "\(name), before metrics," : name
        return effects.map { "\(place) \($0)" }
    }

    private func moved(_ moved: LineExplanation.Moved) -> String {
        let labels = moved.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ", ")
        let series = moved.metric + (labels.isEmpty ? "" : "{\(labels)}")
        let amount = ShortNumber.text(moved.amount)
        return switch moved.operation {
        case "observe": "\(series) observes \(amount)"
        case "set": "\(series) = \(amount)"
        default: "\(series) \(moved.amount < 0 ? "" : "+")\(amount)"
        }
    }

    /// Metrics that the same condition kept out stand together.
    private func groups(_ unmoved: [LineExplanation.Unmoved]) -> [String] {
        var order: [String] = []
        var names: [String: [String]] = [:]
        for metric in unmoved {
            let reason =
                metric.valueError.map { "its value is \($0.split(separator: "_").joined(separator: " "))" }
                ?? "\(metric.condition ?? "") — found \(metric.found.map { "\"\($0)\"" } ?? "none")"
            if names[reason] == nil { order.append(reason) }
            names[reason, default: []].append(metric.metric)
        }
        return order.map { reason in "\((names[reason] ?? []).joined(separator: ", ")): \(reason)" }
    }

    private func row(_ title: String, _ values: [String], _ style: Terminal.Style?) -> String {
        block(title, values, style: style, indent: Self.indent)
    }

    private func block(_ title: String, _ values: [String], style: Terminal.Style?, indent: Int) -> String {
        var text = ""
        let lines = values.flatMap { value in
            value.split(separator: "\n", omittingEmptySubsequences: false).flatMap { broken(String($0), width: TextLayout.width - indent) }
        }
        for (position, line) in lines.enumerated() {
            let head = position == 0 && !title.isEmpty ? "  \(title)" : ""
            text += TextLayout.padded(head, to: indent) + (style.map { terminal.styled(line, $0) } ?? line) + "\n"
        }
        return text
    }

    /// Broken at blanks, and in the middle of what has none; control characters are shown, not sent.
    private func broken(_ value: String, width: Int) -> [String] {
        let visible = String(
            String.UnicodeScalarView(value.unicodeScalars.map { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) ? "\u{fffd}" : $0 }))
        if visible.isEmpty { return ["(empty)"] }
        var lines: [String] = []
        var line = ""
        for word in visible.split(separator: " ", omittingEmptySubsequences: false) {
            var rest = word[...]
            if !line.isEmpty {
                // A word that has no room on a line of its own is not worth an early end of this one.
                if line.count + 1 + rest.count <= width || rest.count > width && line.count + 1 < width {
                    line += " "
                } else {
                    lines.append(line)
                    line = ""
                }
            }
            while line.count + rest.count > width {
                let room = width - line.count
                lines.append(line + rest.prefix(room))
                rest = rest.dropFirst(room)
                line = ""
            }
            line += rest
        }
        return lines + [line]
    }
}
