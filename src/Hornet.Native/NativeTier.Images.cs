using Hornet.Base;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <summary>Images of modules: writing and loading them (docs/images.md).</summary>
internal sealed unsafe partial class NativeTier
{
    public override void WriteImage(ModuleEnvironment environment, ModuleContent content, ModuleCode? code, CodeSettings settings, Stream output, Action<double>? progress)
    {
        if (code is NativeCode { Image: { IsComplete: true } image })
        {
            CopyImage(image, output);
            return;
        }
        ModuleCompiler compiler = new(new ModuleTranslation(environment, settings, _target.Checks, CompileMode.Eager), content, _target);
        int[] all = new int[environment.Bodies.Count];
        for (int i = 0; i < all.Length; i++) all[i] = i;
        FunctionCode[] codes = compiler.Compile(all, parallel: true, progress);
        ImageWriter writer = new(environment, content);
        for (int i = 0; i < codes.Length; i++) writer.Add(i, codes[i]);
        writer.Write(output, _target.Compiler.Features, settings.Features, Describe(settings), ThunksOf(environment));
    }

    static void CopyImage(ImageReader image, Stream output)
    {
        byte[] block = GC.AllocateUninitializedArray<byte>(ImageHeader.BlockSize);
        for (long at = 0, length = image.Source.Length; at < length; at += block.Length)
        {
            Span<byte> bytes = block.AsSpan(0, (int)Math.Min(block.Length, length - at));
            image.Source.Read(at, bytes);
            output.Write(bytes);
        }
    }

    string Describe(CodeSettings settings) => ImageSettings.Describe(settings, _target.Checks, _target.Compiler);

    public override PreparedModule LoadImage(string? path, ReadOnlyMemory<byte> bytes, CodeSettings settings)
    {
        ImageSource source = path is null ? new ImageMemory(bytes) : new ImageFile(path);
        try
        {
            ImageReader image = ImageReader.Open(source);
            image.CheckFits(Describe(settings), settings.Features);
            ImageContent content = new(source, image[ImagePart.Wasm]);
            return Use(image, content, settings, null);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    readonly CacheOptions? _cacheOptions;
    CompileCache? _cache;
    bool _cacheOpened;

    // Opened when the first module comes.
    CompileCache? Cache
    {
        get
        {
            if (_cacheOptions is null || Volatile.Read(ref _cacheOpened)) return _cache;
            _cache = CompileCache.Open(_cacheOptions.Folder, _cacheOptions.MaximumBytes);
            Volatile.Write(ref _cacheOpened, true);
            return _cache;
        }
    }

    // All that changes the code, besides the module and the build.
    string CacheKey(CodeSettings settings) => $"{Describe(settings)}calls={_mode}\ncpu={_target.Compiler.Features}\nfeatures={(ulong)settings.Features}\n";

    public override PreparedModule? FindImage(ModuleContent content, CodeSettings settings)
    {
        if (Cache is not { } cache || cache.Find(CompileCache.NameOf(content, CacheKey(settings)), content) is not { } image) return null;
        try
        {
            image.CheckFits(Describe(settings), settings.Features);
            return Use(image, content, settings, Keep(settings));
        }
        catch (ImageException)
        {
            image.Source.Dispose();
            return null;
        }
    }

    // Images of lazily compiled modules have what earlier runs have called, and grow.
    KeepCode? Keep(CodeSettings settings) => Cache is not { } cache ? null : (code, compiled) =>
    {
        cache.Store(CompileCache.NameOf(code.Content, CacheKey(settings)), stream =>
        {
            ImageWriter writer = new(code.Environment, code.Content, code.Image) { DirectCalls = _mode == CompileMode.Eager };
            foreach ((int function, FunctionCode made) in compiled) writer.Add(function - code.Environment.ImportedFunctions, made);
            writer.Write(stream, _target.Compiler.Features, settings.Features, Describe(settings), ThunksOf(code.Environment));
        });
    };

    PreparedModule Use(ImageReader image, ModuleContent content, CodeSettings settings, KeepCode? keep)
    {
        ModuleEnvironment environment = image.Environment(content, image.Functions());
        byte[] thunks = image.Source.Read(image[ImagePart.Thunks]);
        lock (_lock)
        {
            List<ThunkCode> missing = [];
            foreach (ThunkCode thunk in ThunkCode.ReadAll(thunks))
                if (!(thunk.IsCallOut ? _callOuts : _trampolines).ContainsKey(thunk.Key)) missing.Add(_thunks[(thunk.IsCallOut, thunk.Key)] = thunk);
            Publish(missing);
        }
        return new(environment, content, NewCode(environment, content, settings, _mode == CompileMode.Eager ? CompileMode.Lazy : _mode, image, keep));
    }

    // What the host will call, and what the module calls of the host.
    byte[] ThunksOf(ModuleEnvironment environment)
    {
        SortedSet<string> trampolines = new(StringComparer.Ordinal), callOuts = new(StringComparer.Ordinal);
        foreach (Wasm.Export export in environment.Exports)
            if (export.Kind == ExternKind.Func) trampolines.Add(ThunkKey(environment.FunctionType(export.Index)));
        if (environment.Start is { } start) trampolines.Add(ThunkKey(environment.FunctionType(start)));
        for (int i = 0; i < environment.ImportedFunctions; i++) callOuts.Add(ThunkKey(environment.FunctionType(i)));
        ByteBuffer buffer = new();
        lock (_lock)
        {
            foreach (string key in trampolines) MakeThunk(isCallOut: false, key).Write(buffer);
            foreach (string key in callOuts) MakeThunk(isCallOut: true, key).Write(buffer);
        }
        return buffer.ToArray();
    }
}
