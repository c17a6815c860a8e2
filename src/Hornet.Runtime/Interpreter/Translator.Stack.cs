using Hornet.Wasm;

namespace Hornet.Runtime;

// The model of the operand stack.
internal sealed unsafe partial class Translator
{
    enum Where : byte
    {
        /// <summary>The value lies in its home.</summary>
        Home,
        /// <summary>It is what a local holds at present.</summary>
        Local,
        /// <summary>It is a constant.</summary>
        Const,
    }

    struct Entry
    {
        public ValType Type;
        public Where Where;
        /// <summary>Offset from fp of the entry's home, which is its own even where the value lies elsewhere.</summary>
        public int Home;
        public int Local;
        /// <summary>The next entry down that names the same local, or -1.</summary>
        public int Next;
        public ulong Bits;
    }

    Entry[] _stack = new Entry[64];
    int _count;
    // Offset of the next home, and the largest so far.
    int _top, _maxTop;
    // Entries below this are no aliases.
    int _saved;
    // Entries that hold GcRefs in their homes or elsewhere.
    int _refCount;
    // For each local, the uppermost entry that names it, or -1.
    int[] _aliases = new int[32];

    const long MostRootWork = 32 << 20;
    long _rootWork;
    int[] _lastRoots = [];
    Dictionary<int, int[]>? _roots;
    // Whether there are legacy catches, which keep exceptions in homes that belong to no entry.
    bool _legacy;

    ref Entry Push(ValType type)
    {
        if (_count == _stack.Length) Array.Resize(ref _stack, _count * 2);
        ref Entry entry = ref _stack[_count++];
        entry.Type = type;
        entry.Where = Where.Home;
        entry.Home = _top;
        _top += FrameLayout.Bytes(type);
        if (_top > _maxTop) _maxTop = _top;
        if (type.IsRef) _refCount++;
        return ref entry;
    }

    /// <summary>Pushes a value that the instruction being written makes; returns its home.</summary>
    int PushHome(ValType type) => Push(type).Home;

    void PushConst(ValType type, ulong bits)
    {
        ref Entry entry = ref Push(type);
        entry.Where = Where.Const;
        entry.Bits = bits;
    }

    void PushLocal(int local)
    {
        ref Entry entry = ref Push(_localTypes[local]);
        entry.Where = Where.Local;
        entry.Local = local;
        entry.Next = _aliases[local];
        _aliases[local] = _count - 1;
    }

    Entry Pop()
    {
        Entry entry = _stack[--_count];
        _top = entry.Home;
        if (entry.Type.IsRef) _refCount--;
        if (entry.Where == Where.Local) _aliases[entry.Local] = entry.Next;
        if (_saved > _count) _saved = _count;
        return entry;
    }

    /// <summary>Offset from fp where a popped value can be read; a constant is put into its home.</summary>
    int Source(in Entry entry)
    {
        switch (entry.Where)
        {
            case Where.Local:
                return _localAt[entry.Local];
            case Where.Const:
                Constant(entry.Home, entry);
                return entry.Home;
            default:
                return entry.Home;
        }
    }

    int PopSource() => Source(Pop());

    /// <summary>Writes a value somewhere else without touching the model.</summary>
    void Move(in Entry entry, int to)
    {
        if (entry.Where == Where.Const) Constant(to, entry);
        else Copy(to, entry.Where == Where.Local ? _localAt[entry.Local] : entry.Home, entry.Type.IsVector);
    }

    /// <summary>Puts the uppermost entries into their homes.</summary>
    void SettleTop(int count)
    {
        // From above, so that each alias is the uppermost of its local.
        for (int i = _count - 1; i >= _count - count; i--)
        {
            ref Entry entry = ref _stack[i];
            if (entry.Where == Where.Home) continue;
            Move(entry, entry.Home);
            if (entry.Where == Where.Local) _aliases[entry.Local] = entry.Next;
            entry.Where = Where.Home;
        }
    }

    /// <summary>A local is about to change: entries that name it get their values now.</summary>
    void SaveAliases(int local)
    {
        for (int i = _aliases[local]; i >= 0; i = _stack[i].Next)
        {
            ref Entry entry = ref _stack[i];
            Copy(entry.Home, _localAt[local], entry.Type.IsVector);
            entry.Where = Where.Home;
        }
        _aliases[local] = -1;
    }

    /// <summary>Control may meet other control: no entry may depend on what a local holds on one way only.</summary>
    void SaveAll()
    {
        for (int i = _count - 1; i >= _saved; i--)
        {
            ref Entry entry = ref _stack[i];
            if (entry.Where == Where.Const && _module.TierUp is not null)
            {
                // Machine code that takes over at a loop reads homes.
                Constant(entry.Home, entry);
                entry.Where = Where.Home;
            }
            if (entry.Where != Where.Local) continue;
            _aliases[entry.Local] = entry.Next;
            Copy(entry.Home, _localAt[entry.Local], entry.Type.IsVector);
            entry.Where = Where.Home;
        }
        _saved = _count;
    }

    void SetLocal(int local, bool keep)
    {
        Entry entry = Pop();
        int at = _localAt[local];
        bool aliased = _aliases[local] >= 0;
        if (aliased) SaveAliases(local);
        if (entry.Where == Where.Home && !aliased && _lastResult >= 0 && FieldAt(_lastResult) == entry.Home)
        {
            Patch(_lastResult, at);
            _lastResult = -1;
        }
        else if (entry.Where != Where.Local || entry.Local != local)
        {
            Move(entry, at);
            _lastResult = -1;
        }
        if (!keep) return;
        if (entry.Where == Where.Const) PushConst(entry.Type, entry.Bits);
        else PushLocal(local);
    }

    /// <summary>Remembers which homes hold GcRefs while the instruction that ends here calls or collects.</summary>
    void Safepoint()
    {
        if (_refCount == 0 && !_legacy) return;
        // No compiler comes near this; a guest that means harm stops here.
        _rootWork += _count + _frameCount;
        if (_rootWork > MostRootWork) throw new WasmFormatException(FormatErrorKind.Limit, _op.Offset, "too many references on the operand stack at calls");
        List<int>? homes = null;
        for (int i = 0; _legacy && i < _frameCount; i++)
        {
            if (_frames[i].Kind == FrameKind.Catch) (homes ??= []).Add(_frames[i].Caught);
        }
        for (int i = 0; i < _count; i++)
        {
            if (_stack[i].Where == Where.Home && FrameLayout.IsGcRef(_stack[i].Type, _env)) (homes ??= []).Add(_stack[i].Home);
        }
        if (homes is null) return;
        // Calls in a row often see the same.
        if (!System.Runtime.InteropServices.CollectionsMarshal.AsSpan(homes).SequenceEqual(_lastRoots)) _lastRoots = [.. homes];
        (_roots ??= [])[_pos] = _lastRoots;
    }

    FrameRoots Roots()
    {
        List<int>? locals = null;
        for (int i = 0; i < _localCount; i++)
        {
            if (FrameLayout.IsGcRef(_localTypes[i], _env)) (locals ??= []).Add(_localAt[i]);
        }
        return locals is null && _roots is null ? FrameRoots.None : new(locals is null ? [] : [.. locals], _roots);
    }
}
