/// What is accepted as a video.
struct MediaLimits: Equatable, Sendable {
    /// Demuxers of FFmpeg that read one file and nothing else. Playlists, concatenations, devices, image sequences and network
    /// protocols are not among them, so an upload can't make ffmpeg open another file or an address.
    static let demuxers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mxf,nut,ivf,dv"
    /// For people.
    static let containers = "MP4, MOV, Matroska, WebM, AVI, MPEG, FLV, Ogg, ASF, MXF, NUT, IVF or DV"

    var minimumSide = 16
    /// What H.264 can be decoded of and encoded to (level 6.2).
    var maximumSide = 16_384
    /// 8192 × 4320.
    var maximumPixels = 35_389_440
    var maximumSeconds = 24.0 * 3600

    /// Options of ffprobe and ffmpeg before the input.
    var inputOptions: [String] {
        ["-protocol_whitelist", "file", "-format_whitelist", Self.demuxers, "-max_pixels", String(maximumPixels)]
    }
}
