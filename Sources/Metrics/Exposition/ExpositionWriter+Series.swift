extension ExpositionWriter {
    /// Writes every family of a capture that has a series, series in the order in which they came.
    package mutating func append(_ capture: SeriesCapture) {
        for family in capture.families where family.texts.contains(where: { $0.base != nil }) {
            writeHead(family.shape.text)
            if family.shape.isHistogram { writeHistograms(family) } else { writeValues(family) }
        }
    }

    mutating func writeHead(_ text: FamilyText) {
        write(format == .openMetrics ? text.openMetricsHead : text.prometheusHead)
    }

    private mutating func writeValues(_ family: CapturedFamily) {
        let text = family.shape.text
        let isCounter = family.shape.isCounter
        let isOpenMetrics = format == .openMetrics
        for slot in family.texts.indices where family.texts[slot].base != nil {
            let labels = family.texts[slot].labels
            writeOpening(text.sample, labels)
            write(Double(bitPattern: family.cells[slot]))
            if isOpenMetrics && isCounter {
                if !family.exemplars.isEmpty { write(family.exemplars[slot]) }
                write(UInt8(ascii: "\n"))
                writeCreated(text.created, labels, nanoseconds: family.created[slot])
            } else {
                write(UInt8(ascii: "\n"))
            }
        }
    }

    private mutating func writeHistograms(_ family: CapturedFamily) {
        let shape = family.shape
        let buckets = shape.bounds.count + 1
        for slot in family.texts.indices where family.texts[slot].base != nil {
            let labels = family.texts[slot].labels
            let first = slot * (buckets + 2)
            var count: UInt64 = 0
            for bucket in 0..<buckets {
                count += family.cells[first + 2 + bucket]
                writeBucket(shape.text, labels, bucket, count)
                if format == .openMetrics && !family.exemplars.isEmpty { write(family.exemplars[slot * buckets + bucket]) }
                write(UInt8(ascii: "\n"))
            }
            writeEnd(
                ofHistogram: shape, labels, sum: Double(bitPattern: family.cells[first]), count: count, created: family.created[slot])
        }
    }

    /// `name_bucket{a="x",le="1.0"} 5`, without the newline.
    @inline(__always)
    mutating func writeBucket(_ text: FamilyText, _ labels: UnsafeRawBufferPointer, _ bucket: Int, _ count: UInt64) {
        write(text.sample)
        write(UInt8(ascii: "{"))
        if labels.count > 0 {
            write(labels)
            write(UInt8(ascii: ","))
        }
        write(text.bucketEnds[bucket])
        write(count)
    }

    /// The lines behind the buckets.
    mutating func writeEnd(
        ofHistogram shape: FamilyShape, _ labels: UnsafeRawBufferPointer, sum: Double, count: UInt64, created: UInt64
    ) {
        // With negative values a sum is no counter: OpenMetrics then wants neither it nor the count.
        if format == .prometheusText || !shape.allowsNegativeValues {
            writeOpening(shape.text.sum, labels)
            write(sum)
            write(UInt8(ascii: "\n"))
            writeOpening(shape.text.count, labels)
            write(count)
            write(UInt8(ascii: "\n"))
        }
        if format == .openMetrics { writeCreated(shape.text.created, labels, nanoseconds: created) }
    }

    /// `name{a="x"} `, or `name ` without labels.
    @inline(__always)
    mutating func writeOpening(_ name: [UInt8], _ labels: UnsafeRawBufferPointer) {
        write(name)
        if labels.count > 0 {
            write(UInt8(ascii: "{"))
            write(labels)
            write(UInt8(ascii: "}"))
        }
        write(UInt8(ascii: " "))
    }

    mutating func writeCreated(_ name: [UInt8], _ labels: UnsafeRawBufferPointer, nanoseconds: UInt64) {
        writeOpening(name, labels)
        writeSeconds(milliseconds: nanoseconds / 1_000_000)
        write(UInt8(ascii: "\n"))
    }

    /// ` # {trace_id="…"} value time`.
    private mutating func write(_ exemplar: Exemplar) {
        guard exemplar.exists else { return }
        write(" # {trace_id=\"")
        for digit in stride(from: exemplar.digitCount - 1, through: 0, by: -1) {
            let half = digit >= 16 ? exemplar.high >> UInt64(4 * (digit - 16)) : exemplar.low >> UInt64(4 * digit)
            let value = UInt8(truncatingIfNeeded: half & 15)
            write(value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10))
        }
        write("\"} ")
        write(exemplar.value)
        write(UInt8(ascii: " "))
        writeSeconds(milliseconds: exemplar.milliseconds)
    }
}
