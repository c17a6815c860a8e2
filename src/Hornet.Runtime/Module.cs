using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>A validated module, ready to be instantiated any number of times in any stores of its engine, from any thread.</summary>
public sealed class Module : IDisposable
{
    // Below this a second thread costs more than it saves.
    const int ParallelFrom = 256 << 10;

    static readonly ValidationOptions s_oneThread = new() { MaxDegreeOfParallelism = 1 };

    readonly ModuleCode _code;
    readonly TypeRegistration _types;
    readonly string? _name;
    Dictionary<string, Wasm.Export>? _exportsByName;
    InstanceTemplate? _template;
    int _users = 1;
    int _disposed;

    Module(Engine engine, string? name, byte[] bytes)
    {
        engine.CheckAlive();
        Engine = engine;
        Content = new(bytes);
        PreparedModule? found = engine.Tier.FindImage(Content, engine.CodeSettings);
        Environment = found?.Environment ?? Validated(engine, bytes);
        Layout = new VmContextLayout(Environment);
        _types = engine.Types.Register(Environment);
        _name = name;
        _code = found?.Code ?? engine.Tier.Prepare(Environment, Content, engine.CodeSettings);
    }

    Module(Engine engine, string? name, PreparedModule prepared)
    {
        Engine = engine;
        (Environment, Content, _code) = prepared;
        Layout = new VmContextLayout(Environment);
        _types = engine.Types.Register(Environment);
        _name = name;
    }

    internal static ModuleEnvironment Validated(Engine engine, byte[] bytes) => ModuleValidator.Validate(bytes, engine.Features, bytes.Length < ParallelFrom ? s_oneThread : null);

    /// <summary>A module from the binary format.</summary>
    /// <param name="engine">Its engine.</param>
    /// <param name="name">What backtraces call it; null: what its name section says.</param>
    /// <param name="bytes">The module; copied.</param>
    /// <exception cref="WasmFormatException">The bytes are not a valid module.</exception>
    public static Module FromBytes(Engine engine, string? name, ReadOnlySpan<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(engine);
        // Pinned: data segments are read in place by every tier.
        byte[] copy = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(copy);
        return new(engine, name, copy);
    }

    /// <summary>A module from the binary format.</summary>
    public static Module FromBytes(Engine engine, ReadOnlySpan<byte> bytes) => FromBytes(engine, null, bytes);

    /// <summary>A module from a file in the binary format; backtraces call it by the file's name unless its name section has one.</summary>
    public static Module FromFile(Engine engine, string path)
    {
        ArgumentNullException.ThrowIfNull(engine);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        return FromStream(engine, null, file);
    }

    /// <summary>A module in the binary format from a stream, which is read to its end.</summary>
    public static Module FromStream(Engine engine, string? name, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(stream);
        byte[] bytes = GC.AllocateUninitializedArray<byte>(stream.CanSeek ? (int)Math.Min(stream.Length - stream.Position, WasmLimits.ModuleBytes + 1L) : 64 << 10, pinned: true);
        int length = 0;
        while (true)
        {
            int read = length < bytes.Length ? stream.Read(bytes, length, bytes.Length - length) : 0;
            length += read;
            if (read > 0) continue;
            if (length < bytes.Length) break;
            // Full: either this is the end, or there is more than was announced.
            int next = stream.ReadByte();
            if (next < 0) break;
            if (length > WasmLimits.ModuleBytes) break;
            byte[] larger = GC.AllocateUninitializedArray<byte>(Math.Min(Math.Max(length * 2, 64 << 10), WasmLimits.ModuleBytes + 2), pinned: true);
            bytes.AsSpan(0, length).CopyTo(larger);
            larger[length++] = (byte)next;
            bytes = larger;
        }
        return length == bytes.Length ? new(engine, name, bytes) : FromBytes(engine, name, bytes.AsSpan(0, length));
    }

    /// <summary>An image of the module: its machine code and all else that running it needs, for <see cref="Deserialize"/>. Everything is compiled now, by all cores.</summary>
    /// <exception cref="NotSupportedException">The engine makes no machine code.</exception>
    public byte[] Serialize()
    {
        using MemoryStream image = new();
        Serialize(image);
        return image.ToArray();
    }

    /// <summary>Writes an image of the module, for <see cref="DeserializeFile"/>.</summary>
    /// <param name="output">Where to; from beginning to end, nothing is read or sought.</param>
    /// <exception cref="NotSupportedException">The engine makes no machine code.</exception>
    public void Serialize(Stream output)
    {
        ArgumentNullException.ThrowIfNull(output);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        Engine.Tier.WriteImage(Environment, Content, _code, Engine.CodeSettings, output, null);
    }

    /// <summary>A module from an image. Images are machine code that runs as it is: take them only from where you would take a program.</summary>
    /// <param name="engine">Its engine; of the same configuration as the one that made the image.</param>
    /// <param name="name">What backtraces call it; null: what its name section says.</param>
    /// <param name="bytes">The image; copied.</param>
    /// <exception cref="ImageException">It is not an image, damaged, of another version, or for another CPU or configuration.</exception>
    public static Module Deserialize(Engine engine, string? name, ReadOnlySpan<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(engine);
        engine.CheckAlive();
        return new(engine, name, engine.Tier.LoadImage(null, bytes.ToArray(), engine.CodeSettings));
    }

    /// <summary>
    /// A module from an image in a file, which is mapped and read as it is needed. Images are machine code that runs as it is: take them
    /// only from where you would take a program, and replace a file that is in use by renaming another one over it.
    /// </summary>
    /// <param name="engine">Its engine; of the same configuration as the one that made the image.</param>
    /// <param name="name">What backtraces call it; null: what its name section says.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="ImageException">It is not an image, damaged, of another version, or for another CPU or configuration.</exception>
    public static Module DeserializeFile(Engine engine, string? name, string path)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(path);
        engine.CheckAlive();
        return new(engine, name, engine.Tier.LoadImage(path, default, engine.CodeSettings));
    }

    /// <summary>Says what is wrong with a module, or null if it is valid for this engine.</summary>
    public static string? Validate(Engine engine, ReadOnlySpan<byte> bytes) => Validate(engine, new ReadOnlyMemory<byte>(bytes.ToArray()));

    /// <summary>Says what is wrong with a module, or null if it is valid for this engine.</summary>
    public static string? Validate(Engine engine, ReadOnlyMemory<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(engine);
        try
        {
            ModuleValidator.Validate(bytes, engine.Features);
            return null;
        }
        catch (WasmFormatException e)
        {
            return e.Message;
        }
    }

    public Engine Engine { get; }

    /// <summary>The name given at its creation, else its name section's, else null.</summary>
    public string? Name => _name ?? Names.Module;

    /// <summary>What it needs, in the module's order.</summary>
    public IReadOnlyList<Import> Imports => field ??= ModuleItems.Imports(Environment);

    /// <summary>What it offers, in the module's order.</summary>
    public IReadOnlyList<Export> Exports => field ??= ModuleItems.Exports(Environment);

    internal ModuleEnvironment Environment { get; }
    internal ModuleContent Content { get; }
    internal VmContextLayout Layout { get; }
    internal ModuleCode Code => _code;
    internal InstanceTemplate Template => Volatile.Read(ref _template) ?? MakeTemplate();
    internal ReadOnlySpan<uint> TypeIds => _types.Ids;
    internal ModuleNames Names => field ??= new(Content.All);
    internal DwarfLines Lines => field ??= new(Content.All);

    /// <summary>A type of this module with the engine's ids in it.</summary>
    internal ValType Registered(ValType type) => type.IsRef && type.Heap.IsConcrete ? ValType.Ref(HeapType.Concrete((int)_types.Ids[type.Code]), type.IsNullable) : type;

    /// <summary>The type of a function with the engine's ids in it.</summary>
    internal FuncType RegisteredFunctionType(int function) => Engine.Types.FunctionType(_types.Ids[Environment.Functions[function]]);

    internal bool TryGetExport(string name, out Wasm.Export export)
    {
        Dictionary<string, Wasm.Export>? exports = Volatile.Read(ref _exportsByName);
        if (exports is null)
        {
            exports = new(Environment.Exports.Count, StringComparer.Ordinal);
            foreach (Wasm.Export e in Environment.Exports) exports[e.Name] = e;
            Volatile.Write(ref _exportsByName, exports);
        }
        return exports.TryGetValue(name, out export);
    }

    InstanceTemplate MakeTemplate()
    {
        InstanceTemplate made = new(this);
        return Interlocked.CompareExchange(ref _template, made, null) ?? made;
    }

    /// <summary>An instance begins to use the code.</summary>
    internal void AddUser()
    {
        int users = Volatile.Read(ref _users);
        while (true)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0 || users == 0, this);
            int now = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (now == users) return;
            users = now;
        }
    }

    /// <summary>A user of the code has gone; the last one takes it along.</summary>
    internal void RemoveUser()
    {
        if (Interlocked.Decrement(ref _users) > 0) return;
        // Null only where the constructor threw and this comes from the finaliser.
        _code?.Dispose();
        _types?.Dispose();
    }

    // What is warm refers to the code, and goes before it.
    void Close(bool keepCode)
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        if (keepCode) _code.Keep();
        Volatile.Read(ref _template)?.Close();
        RemoveUser();
    }

    // Stores that use the code hold the module; if they go in the same collection, whoever is finalised last takes the code along.
    ~Module() => Close(keepCode: false);

    /// <summary>
    /// No more instances can be made. The code goes when the last store that has an instance is disposed; where there is a compile cache
    /// (<see cref="Config.WithCompileCache"/>), what was compiled is written there now.
    /// </summary>
    public void Dispose()
    {
        Close(keepCode: true);
        GC.SuppressFinalize(this);
    }
}
