import Configuration

extension DirectorySettings {
    static let defaultRetentionNanoseconds: UInt64 = 86_400_000_000_000
    static let defaultMaximumBytes: UInt64 = 1 << 30

    init(reading object: ConfigurationObject) {
        path = object.required("path", "\"/var/lib/tailspan/logs\"")?.absolutePath() ?? ""
        let retention = object["retention"]?.duration(in: 1_000_000_000...3_153_600_000_000_000_000)
        retentionNanoseconds = object.isNull("retention") ? nil : retention ?? Self.defaultRetentionNanoseconds
        maximumBytes = object["max_bytes"]?.size(in: 1 << 20...1 << 50) ?? Self.defaultMaximumBytes
        compressionLevel = object["compression_level"]?.integer(in: 1...9) ?? 1
        object.misplacedLokiSettings()
    }
}
