namespace Hornet.Wasm;

/// <summary>How a module is validated.</summary>
public sealed record ValidationOptions
{
    /// <summary>Threads that validate function bodies, the calling one included; 0: as many as there are processors.</summary>
    public int MaxDegreeOfParallelism { get; init; }
}

/// <summary>
/// Validates modules: everything that the specification's validation chapter asks, for the features that are on. As a sink of a
/// <see cref="ModuleDecoder"/> it follows a module while its bytes arrive and keeps none of them; function bodies are validated by
/// several threads. The error is the same whatever the number of threads and however the bytes were cut: the first in the module.
/// </summary>
public sealed class ModuleValidator : IModuleSink, IDisposable
{
    const int ChunkSize = 1 << 17;

    readonly Features _features;
    readonly SectionValidator _sections;
    readonly BodyValidation _bodies;
    FunctionValidator? _dataOffsets;

    /// <param name="features">What is switched on; the decoder gets the same.</param>
    /// <param name="options">How to validate.</param>
    public ModuleValidator(Features features = Features.Default, ValidationOptions? options = null) : this(features, options, default)
    {
    }

    ModuleValidator(Features features, ValidationOptions? options, ReadOnlyMemory<byte> whole)
    {
        int threads = options?.MaxDegreeOfParallelism ?? 0;
        ArgumentOutOfRangeException.ThrowIfNegative(threads, nameof(options));
        _features = features;
        _sections = new(features);
        // What fits one batch is done before another thread has woken up.
        if (threads == 0) threads = !whole.IsEmpty && whole.Length <= BodyValidation.BatchBytes ? 1 : Environment.ProcessorCount;
        _bodies = new(threads, whole);
    }

    /// <summary>Decodes and validates a module that is there as a whole.</summary>
    /// <exception cref="WasmFormatException">It is malformed, invalid, beyond a limit, or uses what is switched off.</exception>
    public static ModuleEnvironment Validate(ReadOnlyMemory<byte> module, Features features = Features.Default, ValidationOptions? options = null)
    {
        using ModuleValidator validator = new(features, options, module);
        return validator.Run(() => ModuleDecoder.Decode(module.Span, features, validator));
    }

    /// <summary>Decodes and validates a module as it comes, keeping no more of it than a few function bodies.</summary>
    /// <exception cref="WasmFormatException">It is malformed, invalid, beyond a limit, or uses what is switched off.</exception>
    public static ModuleEnvironment Validate(Stream module, Features features = Features.Default, ValidationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        using ModuleValidator validator = new(features, options, default);
        return validator.Run(() =>
        {
            ModuleDecoder decoder = new(features, validator);
            byte[] chunk = new byte[ChunkSize];
            for (int read; (read = module.Read(chunk)) > 0;) decoder.Feed(chunk.AsSpan(0, read));
            return decoder.Finish();
        });
    }

    /// <summary>What the sections before a module's code say, of a module that was validated as a whole before; bodies and data segments are the caller's to add.</summary>
    internal static ModuleEnvironment Restore(ReadOnlySpan<byte> beforeCode, Features features)
    {
        using ModuleValidator validator = new(features, new() { MaxDegreeOfParallelism = 1 }, default);
        ModuleDecoder decoder = new(features, validator);
        decoder.Feed(beforeCode);
        return decoder.Environment;
    }

    ModuleEnvironment Run(Func<ModuleEnvironment> decode)
    {
        try
        {
            return decode();
        }
        catch (WasmFormatException)
        {
            // Bodies that were handed out come before whatever the decoder did not like.
            _bodies.Finish();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Section(ModuleEnvironment environment, SectionId id, ModuleBytes content) => _sections.Section(environment, id, content);

    /// <inheritdoc/>
    public void CodeStart(ModuleEnvironment environment, int bodies) => _bodies.Start(new(environment, _features));

    /// <inheritdoc/>
    public void FunctionBody(ModuleEnvironment environment, int function, ModuleBytes body) => _bodies.Add(function, body);

    /// <inheritdoc/>
    public void DataSegment(ModuleEnvironment environment, int segment, ModuleBytes head) => _sections.Data(environment, segment, head, ref _dataOffsets);

    /// <inheritdoc/>
    public void End(ModuleEnvironment environment) => _bodies.Finish();

    /// <summary>Ends the threads; needed only where decoding stopped before the module's end.</summary>
    public void Dispose() => _bodies.Dispose();
}
