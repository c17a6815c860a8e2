using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// A module's code in the interpreter, shared by its instances in all stores. Cells and code lie in unmanaged memory; what
/// is only needed for traps, exceptions and the collector lies in <see cref="TranslatedFunction"/>s.
/// </summary>
internal sealed unsafe class InterpreterCode : ModuleCode
{
    const int ChunkBytes = 64 * 1024;

    readonly ModuleContent _content;
    readonly Lock _lock = new();
    readonly byte** _cells;
    readonly List<nint> _chunks = [];
    // Sorted by address. Replaced as a whole, so that look-ups take no lock; the array has room behind the count.
    sealed record Index(TranslatedFunction[] Functions, int Count);
    Index _index = new([], 0);
    GCHandle _handle;
    byte* _free, _end;

    public InterpreterCode(ModuleEnvironment environment, ModuleContent content, CodeSettings settings)
    {
        Environment = environment;
        Settings = settings;
        _content = content;
        // SAFETY: zeroed pages that are never touched cost nothing. Freed by Dispose, when no instance is left.
        _cells = (byte**)NativeMemory.AllocZeroed((nuint)Math.Max(1, environment.Bodies.Count), (nuint)sizeof(byte*));
        _handle = GCHandle.Alloc(this, GCHandleType.Weak);
    }

    public ModuleEnvironment Environment { get; }
    public CodeSettings Settings { get; }

    /// <summary>Told of hot functions; set before the first call, null where nothing compiles them.</summary>
    public TierUp? TierUp { get; set; }

    /// <summary>What a VmContext carries.</summary>
    public nint Handle => GCHandle.ToIntPtr(_handle);

    /// <summary>Bytes of code so far.</summary>
    public long CodeBytes { get; private set; }

    public static InterpreterCode Of(VmContext* vm) => (InterpreterCode)GCHandle.FromIntPtr(vm->InterpreterCode).Target!;

    /// <summary>The cell of a defined function (imported ones not counted).</summary>
    public nint Cell(int defined) => (nint)(_cells + defined);

    /// <summary>Translates the function of a cell unless somebody else has done so.</summary>
    public void Translate(nint cell)
    {
        byte** at = (byte**)cell;
        int defined = (int)(at - _cells);
        lock (_lock)
        {
            if (*at != null) return;
            if (TierUp is not null && TierUp.IsCompiled(defined))
            {
                UseMachineCode(defined);
                return;
            }
            using Translator translator = Translator.Rent();
            try
            {
                translator.Translate(this, _content.With(Environment.Bodies[defined].Bytes), defined);
            }
            catch (WasmFormatException) when (TierUp is not null && TierUp.TryCompile(defined))
            {
                // A limit of the interpreter's own.
                UseMachineCode(defined);
                return;
            }
            ReadOnlySpan<byte> code = translator.Code;
            byte* block = Allocate(sizeof(CodeHeader) + code.Length);
            byte* entry = block + sizeof(CodeHeader);
            *(CodeHeader*)block = translator.Header;
            code.CopyTo(new Span<byte>(entry, code.Length));
            Add(translator.Describe(entry));
            // Whoever sees the entry must see the code: it is read through the entry, so an ordered store suffices.
            Volatile.Write(ref *(nint*)at, (nint)entry);
        }
    }

    /// <summary>From now on the interpreter's calls of a function go to its machine code; frames that it has go on.</summary>
    public void UseMachineCode(int defined)
    {
        FuncType type = Environment.FunctionType(Environment.ImportedFunctions + defined);
        int paramBytes = FrameLayout.Bytes(type.Parameters), resultBytes = FrameLayout.Bytes(type.Results);
        lock (_lock)
        {
            byte* block = Allocate(sizeof(CodeHeader) + 32), entry = block + sizeof(CodeHeader);
            *(CodeHeader*)block = new CodeHeader
            {
                ParamBytes = paramBytes, ResultBytes = resultBytes, FrameBytes = FrameHeader.Size + Math.Max(paramBytes, resultBytes), Function = Environment.ImportedFunctions + defined,
            };
            *(nint*)entry = Dispatch.Word(Code.CallOut);
            *(nint*)(entry + 8) = (nint)(delegate*<byte*, byte*, Machine*, byte*>)&Leaves.MachineCode;
            *(int*)(entry + 16) = paramBytes;
            *(int*)(entry + 20) = resultBytes;
            *(int*)(entry + 24) = Environment.ImportedFunctions + defined;
            Volatile.Write(ref *(nint*)Cell(defined), (nint)entry);
        }
    }

    byte* Allocate(int bytes)
    {
        bytes = (bytes + 15) & ~15;
        CodeBytes += bytes;
        if (_end - _free < bytes)
        {
            int chunk = Math.Max(bytes, _chunks.Count == 0 ? 4096 : ChunkBytes);
            _free = (byte*)NativeMemory.Alloc((nuint)chunk);
            _end = _free + chunk;
            _chunks.Add((nint)_free);
        }
        byte* block = _free;
        _free += bytes;
        return block;
    }

    // Most adds are at the end of a chunk, so an insertion moves little.
    void Add(TranslatedFunction function)
    {
        (TranslatedFunction[] functions, int count) = _index;
        int at = count;
        while (at > 0 && functions[at - 1].Start > function.Start) at--;
        if (at < count || count == functions.Length)
        {
            // What a reader may be looking at is not changed.
            TranslatedFunction[] copy = new TranslatedFunction[Math.Max(16, count * 2)];
            Array.Copy(functions, copy, at);
            Array.Copy(functions, at, copy, at + 1, count - at);
            functions = copy;
        }
        functions[at] = function;
        Volatile.Write(ref _index, new(functions, count + 1));
    }

    /// <summary>The function whose code has this ip, or null.</summary>
    public TranslatedFunction? Find(byte* ip)
    {
        (TranslatedFunction[] functions, int count) = Volatile.Read(ref _index);
        int low = 0, high = count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            TranslatedFunction f = functions[middle];
            if (ip < f.Start) high = middle - 1;
            else if (ip >= f.End) low = middle + 1;
            else return f;
        }
        return null;
    }

    public override void Dispose()
    {
        if (!_handle.IsAllocated) return;
        _handle.Free();
        foreach (nint chunk in _chunks) NativeMemory.Free((void*)chunk);
        NativeMemory.Free(_cells);
        _chunks.Clear();
        _index = new([], 0);
    }
}
