/// The configuration that is built in, so that the program runs without a file. The text is that of `config/`; a test compares them.
enum EmbeddedConfiguration {
    static let name = "built-in configuration"

    static let text = #"""
        // transcode-service without a configuration of its own: this text is built in.
        //
        //   transcode-service check --config FILE        tells what is wrong with a file, all at once
        //   transcode-service keys create --config FILE --name NAME [--quota 10GiB]
        //   transcode-service serve --config FILE
        //
        // JSON5: comments, keys without quotes, commas at the end. ${NAME:-default} takes an environment variable.

        listen: "127.0.0.1:8000",                     // or "unix:/run/transcode-service.sock"
        data_dir: "${TAILSPAN_DATA:-/var/lib/tailspan}/transcode-service", // uploads, outputs, and the embedded store
        database_url: null,                           // "postgresql://…": shared by several instances; null: the embedded store in data_dir
        admin_token_file: null,                       // holds the bearer token of /api/v1/keys and /debug; null: both answer 404
        log: { level: "INFO", stdout: true, file: null }, // DEBUG, INFO, WARNING or ERROR; the file is opened anew on HUP
        spans: { file: null, otlp_endpoint: null, sample_ratio: 1.0 }, // the endpoint's base, such as "http://127.0.0.1:4318"
        workers: { count: 2, ffmpeg: "ffmpeg", ffprobe: "ffprobe", timeout: "4h", resolutions: ["360p", "720p"] },
        transcriber: null,                            // { command: ["…", "{input}"], model: "base" }: writes the text to its standard output
        limits: { upload_bytes: "10GiB" },

        """#
}
