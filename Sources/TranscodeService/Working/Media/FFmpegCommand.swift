/// The command lines of ffprobe and ffmpeg. Paths are given as `file:…`, so that none is taken for an option or an address.
enum FFmpegCommand {
    static let audioBitsPerSecond: UInt64 = 128_000

    static func probe(_ input: String, settings: WorkerSettings) -> [String] {
        [settings.ffprobe, "-hide_banner", "-v", "error"] + settings.limits.inputOptions
            + ["-print_format", "json", "-show_entries", ProbeReport.entries, "-i", "file:" + input]
    }

    /// H.264 and AAC in an MP4 whose index comes first, without the metadata of the input (which may say where it was filmed).
    static func transcode(
        _ input: String, _ media: ProbedMedia, to resolution: Resolution, output: String, settings: WorkerSettings
    ) -> [String] {
        let size = FrameSize(media, resolution)
        let rate = resolution.maximumVideoBitsPerSecond
        var arguments = [settings.ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-nostats", "-stats_period", "0.5", "-y"]
        arguments += settings.limits.inputOptions + ["-i", "file:" + input]
        arguments += ["-map", "0:\(media.videoStream)"]
        if let audio = media.audioStream { arguments += ["-map", "0:\(audio)"] }
        arguments += ["-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn"]
        arguments += ["-vf", "scale=\(size.width):\(size.height),setsar=1", "-pix_fmt", "yuv420p", "-fpsmax", "60"]
        arguments += ["-c:v", "libx264", "-preset", settings.preset, "-crf", "23", "-maxrate", "\(rate)", "-bufsize", "\(2 * rate)"]
        if media.audioStream != nil { arguments += ["-c:a", "aac", "-b:a", "\(audioBitsPerSecond)", "-ac", "2"] }
        return arguments + ["-movflags", "+faststart", "-f", "mp4", "-progress", "pipe:1", "file:" + output]
    }

    /// The encoder's highest rates for all of the duration: what has to fit on the disk.
    static func expectedOutputBytes(_ media: ProbedMedia, _ resolution: Resolution) -> UInt64 {
        UInt64(Double(resolution.maximumVideoBitsPerSecond + audioBitsPerSecond) * media.facts.durationSeconds / 8)
    }

    /// Where an output is cut: only a file that holds more than it says comes up against this.
    static func maximumOutputBytes(_ media: ProbedMedia, _ resolution: Resolution) -> UInt64 {
        2 * expectedOutputBytes(media, resolution) + 16 * 1024 * 1024
    }

    /// The transcriber's command with the path in place of `{input}`.
    static func transcribe(_ input: String, by transcriber: WorkerSettings.Transcriber) -> [String] {
        let placeholder = "{input}"
        return transcriber.command.map { argument in
            // Nothing of the path is looked at again.
            argument.split(separator: placeholder, omittingEmptySubsequences: false).joined(separator: input)
        }
    }
}
