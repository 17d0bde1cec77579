/// The size of a transcoded picture: even, with square pixels.
struct FrameSize: Equatable, Sendable {
    /// Longer sides are cut down to this, whatever the aspect says.
    static let maximumSide = 4096

    let width: Int
    let height: Int

    /// As many lines as `resolution` has, in the aspect of `media`; never larger than the picture is.
    init(_ media: ProbedMedia, _ resolution: Resolution) {
        let aspect = media.displayAspect
        let short = Double(min(resolution.shortSide, min(media.facts.width, media.facts.height)))
        let long = short * max(aspect, 1 / aspect)
        let (shortSide, longSide) = (Self.even(short), Self.even(min(long, Double(Self.maximumSide))))
        width = aspect >= 1 ? longSide : shortSide
        height = aspect >= 1 ? shortSide : longSide
    }

    private static func even(_ side: Double) -> Int { max(2, Int((side / 2).rounded()) * 2) }
}
