using System.Globalization;

namespace CargoWasi;

/// <summary>
/// What is done to a .wasm file after Cargo has built it: debug information that the profile did not ask for goes (the precompiled
/// standard library brings megabytes of it), name and producers sections as configured, wasm-opt where it is present.
/// </summary>
sealed class Finisher(Shell shell, string? hornet, bool verbose, bool quiet)
{
    string? _optimizer;
    string? _optimizerVersion;
    bool _looked;

    public void Finish(Artifact artifact)
    {
        PackageSettings settings = PackageSettings.Read(artifact.Manifest);
        List<string> strip = [];
        if (!artifact.HasDebugInfo) strip.AddRange(["--delete", ".debug_*", "--delete", "reloc.*"]);
        if (!settings.NameSection && !artifact.HasDebugInfo) strip.AddRange(["--delete", "name"]);
        if (!settings.ProducersSection && !artifact.HasDebugInfo) strip.AddRange(["--delete", "producers"]);
        // wasm-opt would ruin debug information, and there is nothing to optimise for in an unoptimised build.
        bool optimize = settings.WasmOpt != false && !artifact.HasDebugInfo && artifact.OptLevel != "0" && FindOptimizer(settings.WasmOpt == true);
        long before = new FileInfo(artifact.File).Length;
        if (strip.Count > 0 || optimize) Replace(artifact, strip, optimize, settings);
        if (verbose) shell.Status("Wrote", $"{artifact.File} ({Size(new FileInfo(artifact.File).Length)}{(new FileInfo(artifact.File).Length != before ? $", {Size(before)} before" : "")})");
    }

    // Cargo's file is a hard link of the one in deps/, which must stay as it is: the finished one gets the name by renaming.
    void Replace(Artifact artifact, List<string> strip, bool optimize, PackageSettings settings)
    {
        FileInfo input = new(artifact.File);
        string cache = Path.Combine(input.DirectoryName!, ".cargo-wasi");
        Directory.CreateDirectory(cache);
        string finished = Path.Combine(cache, input.Name), stamp = finished + ".stamp";
        string key = string.Create(CultureInfo.InvariantCulture, $"{input.Length} {input.LastWriteTimeUtc.Ticks} {string.Join(' ', strip)} {(optimize ? $"{_optimizerVersion} -O{artifact.OptLevel}" : "")}");
        if (!(File.Exists(finished) && File.Exists(stamp) && File.ReadAllText(stamp) == key))
        {
            File.Delete(stamp);
            string from = artifact.File;
            if (strip.Count > 0)
            {
                if (hornet is null)
                {
                    shell.Warning($"debug information stays in {artifact.File}: 'hornet' is not beside cargo-wasi and not on the path");
                    if (!optimize) return;
                }
                else
                {
                    Must(hornet, ["strip", .. strip, from, "-o", finished]);
                    from = finished;
                }
            }
            if (optimize)
            {
                if (!quiet) shell.Status("Optimizing", $"{input.Name} with {_optimizerVersion}, -O{artifact.OptLevel}");
                Must(_optimizer!, [from, $"-O{artifact.OptLevel}", .. settings.NameSection ? (string[])["--debuginfo"] : ["--strip-debug"], .. settings.ProducersSection ? (string[])[] : ["--strip-producers"], "-o", finished]);
            }
            File.WriteAllText(stamp, key);
        }
        string temporary = artifact.File + ".tmp";
        File.Copy(finished, temporary, overwrite: true);
        File.SetLastWriteTimeUtc(temporary, input.LastWriteTimeUtc);
        File.Move(temporary, artifact.File, overwrite: true);
    }

    void Must(string program, List<string> arguments)
    {
        if (verbose) shell.Status("Running", $"`{program} {string.Join(' ', arguments)}`");
        int code = ChildProcess.Run(program, arguments);
        if (code != 0) throw new UsageException($"'{program}' failed with exit code {code}", "the file that Cargo built is unchanged");
    }

    bool FindOptimizer(bool demanded)
    {
        if (!_looked)
        {
            _looked = true;
            _optimizer = Environment.GetEnvironmentVariable("WASM_OPT") is { Length: > 0 } own ? own : ChildProcess.Find("wasm-opt");
            _optimizerVersion = _optimizer is null ? null : ChildProcess.Output(_optimizer, "--version")?.Trim();
            if (_optimizer is not null && _optimizerVersion is null)
            {
                shell.Warning($"'{_optimizer} --version' failed: files are not optimised");
                _optimizer = null;
            }
            else if (_optimizer is null && demanded)
            {
                shell.Warning("'wasm-opt = true', but there is no wasm-opt on the path: install your distribution's package 'binaryen', or set WASM_OPT");
            }
        }
        return _optimizer is not null;
    }

    static string Size(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.00} MiB"),
    };
}
