using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>
/// Validates function bodies by the algorithm of the specification's appendix: a stack of operand types and a stack of control
/// frames, where unreachable code conjures up operands of the <see cref="ValType.Bottom">bottom type</see>.
/// <para>
/// Either whole bodies go through <see cref="Validate"/>, or a consumer that needs types while it translates pushes operators
/// itself: <see cref="Begin"/>, <see cref="ReadLocals"/>, then for each operator <see cref="Step"/>, looking at
/// <see cref="Operands"/> and <see cref="Frame"/> before and after it, until <see cref="IsFinished"/>. One object serves any
/// number of bodies of its module, one after the other, and allocates nothing once its stacks have grown.
/// </para>
/// </summary>
public sealed partial class FunctionValidator(ValidationContext context)
{
    // Locals beyond these are found by binary search over their declarations, so that five bytes which declare
    // 50,000 locals do not cost 200 kB of writing in each of a million bodies.
    const int ExpandedLocals = 256;

    readonly ValidationContext _context = context;
    readonly Features _features = context.Features;

    ValType[] _operands = new ValType[64];
    int _height;
    // Of the innermost frame: its height.
    int _floor;
    ControlFrame[] _frames = new ControlFrame[32];
    int _depth;
    // The frame that unknown operands are conjured up in, if any.
    bool _unreachable;

    readonly ValType[] _locals = new ValType[ExpandedLocals];
    LocalRun[] _runs = new LocalRun[8];
    int _runCount;
    int _localCount;
    int _expanded;

    // Locals without a default that have been set, in the order of setting; frames remember how many there were.
    bool _tracksInit;
    int[] _initialized = [];
    int _initHeight;
    ulong[] _initBits = [];

    // The last pair of different types of which the first is a subtype of the second.
    ValType _matchedSub, _matchedSuper;

    int _offset;
    int[] _branchStamps = [];
    int _stamp;

    // Consecutive locals of one type, up to but not including End.
    struct LocalRun
    {
        public int End;
        public ValType Type;
    }

    /// <summary>Types of the operand stack, the bottom first; all frames together.</summary>
    public ReadOnlySpan<ValType> Operands => _operands.AsSpan(0, _height);

    /// <summary>Operands on the stack.</summary>
    public int OperandHeight => _height;

    /// <summary>Control frames that are open, the function's own included.</summary>
    public int FrameCount => _depth;

    /// <summary>Whether the function's last `end` has been seen.</summary>
    public bool IsFinished => _depth == 0;

    /// <summary>Whether the operator that comes next cannot be reached.</summary>
    public bool IsUnreachable => _unreachable;

    /// <summary>Parameters and declared locals.</summary>
    public int LocalCount => _localCount;

    /// <summary>The control frame that label <paramref name="label"/> names, 0 being the innermost.</summary>
    public ref readonly ControlFrame Frame(int label) => ref _frames[_depth - 1 - label];

    /// <summary>Parameter types of a frame's block.</summary>
    public static ReadOnlySpan<ValType> Parameters(in ControlFrame frame) => frame.Signature is null || frame.Kind == FrameKind.Function ? default : frame.Signature.Parameters;

    /// <summary>Result types of a frame's block; valid until the next step.</summary>
    public static ReadOnlySpan<ValType> Results(in ControlFrame frame)
    {
        if (frame.Signature is not null) return frame.Signature.Results;
        return frame.Single.IsBottom ? default : MemoryMarshal.CreateReadOnlySpan(in frame.Single, 1);
    }

    /// <summary>What a branch to the frame takes along: a loop's parameters, else the results.</summary>
    public static ReadOnlySpan<ValType> LabelTypes(in ControlFrame frame) => frame.Kind == FrameKind.Loop ? Parameters(frame) : Results(frame);

    /// <summary>Type of a parameter or local.</summary>
    public ValType LocalType(int local)
    {
        if ((uint)local < (uint)_expanded) return _locals[local];
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)local, (uint)_localCount);
        int low = 0, high = _runCount - 1;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (local < _runs[middle].End) high = middle;
            else low = middle + 1;
        }
        return _runs[low].Type;
    }

    /// <summary>Starts the body of a function that the module defines, given by its index in the function index space.</summary>
    public void Begin(int function)
    {
        FuncType type = _context.FunctionType(function);
        Reset(type.Parameters);
        OpenFunction(type, default);
    }

    void Reset(ReadOnlySpan<ValType> parameters)
    {
        _height = _floor = _depth = _localCount = _expanded = _runCount = _initHeight = 0;
        _unreachable = _tracksInit = false;
        foreach (ValType type in parameters) Declare(1, type);
    }

    void OpenFunction(FuncType? type, ValType single)
    {
        _frames[0] = new() { Kind = FrameKind.Function, Signature = type, Single = single };
        _depth = 1;
    }

    /// <summary>Reads the declarations of locals that a body begins with. spec: binary/modules, code section</summary>
    public void ReadLocals(ref FunctionBodyReader body)
    {
        for (int at = body.Operators.Offset; body.TryReadLocals(out int count, out ValType type); at = body.Operators.Offset)
        {
            CheckType(type, at);
            DeclareLocals(count, type);
        }
    }

    /// <summary>Declares locals that follow those declared so far.</summary>
    public void DeclareLocals(int count, ValType type)
    {
        if (!type.IsDefaultable && count > 0) TrackInitialization(_localCount, count);
        Declare(count, type);
    }

    void Declare(int count, ValType type)
    {
        if (count == 0) return;
        int end = _localCount + count;
        int expand = Math.Min(count, ExpandedLocals - _expanded);
        if (expand > 0)
        {
            _locals.AsSpan(_expanded, expand).Fill(type);
            _expanded += expand;
        }
        if (_runCount > 0 && _runs[_runCount - 1].Type == type) _runCount--;
        else if (_runCount == _runs.Length) Array.Resize(ref _runs, _runs.Length * 2);
        _runs[_runCount++] = new() { End = end, Type = type };
        _localCount = end;
    }

    // The bits say "still unset", so that locals which need no care have none.
    void TrackInitialization(int first, int count)
    {
        int words = (first + count + 63) >> 6;
        if (!_tracksInit)
        {
            Array.Clear(_initBits);
            _tracksInit = true;
        }
        if (_initBits.Length < words) Array.Resize(ref _initBits, Math.Max(words, _initBits.Length * 2));
        for (int i = first, end = first + count, next; i < end; i = next)
        {
            next = Math.Min((i | 63) + 1, end);
            _initBits[i >> 6] |= ulong.MaxValue >> (64 - (next - i)) << i;
        }
    }

    bool IsUnset(int local) => _tracksInit && local >> 6 < _initBits.Length && (_initBits[local >> 6] & 1UL << local) != 0;

    void MarkSet(int local)
    {
        if (!IsUnset(local)) return;
        _initBits[local >> 6] &= ~(1UL << local);
        if (_initHeight == _initialized.Length) Array.Resize(ref _initialized, Math.Max(8, _initHeight * 2));
        _initialized[_initHeight++] = local;
    }

    // spec: what a block has set is unset again behind it
    void UnsetDownTo(int height)
    {
        while (_initHeight > height)
        {
            int local = _initialized[--_initHeight];
            _initBits[local >> 6] |= 1UL << local;
        }
    }

    /// <summary>To be called where the body's bytes end.</summary>
    public void Finish(int offset)
    {
        if (_depth != 0) WasmFormatException.ThrowMalformed(offset, "unexpected end of section or function: END opcode expected");
    }

    // Operands

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Push(ValType type)
    {
        if (_height == _operands.Length) GrowOperands();
        _operands[_height++] = type;
    }

    void PushAll(ReadOnlySpan<ValType> types)
    {
        foreach (ValType type in types) Push(type);
    }

    void GrowOperands()
    {
        if (_height >= WasmLimits.Operands) WasmFormatException.ThrowLimit(_offset, $"more than {WasmLimits.Operands} operands on the stack");
        Array.Resize(ref _operands, _operands.Length * 2);
    }

    /// <summary>Pops an operand that must match; the result is what was there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    ValType Pop(ValType expected)
    {
        int top = _height - 1;
        if (top >= _floor)
        {
            ValType found = _operands[top];
            if (found == expected)
            {
                _height = top;
                return found;
            }
        }
        return PopSlow(expected);
    }

    ValType PopSlow(ValType expected)
    {
        if (_height == _floor)
        {
            if (!_unreachable) Mismatch(expected);
            return ValType.Bottom;
        }
        ValType found = _operands[_height - 1];
        // The same question comes again and again.
        if (found != _matchedSub || expected != _matchedSuper)
        {
            if (!_context.Matches(found, expected)) Mismatch(expected);
            _matchedSub = found;
            _matchedSuper = expected;
        }
        _height--;
        return found;
    }

    /// <summary>Pops an operand of any type.</summary>
    ValType Pop()
    {
        if (_height > _floor) return _operands[--_height];
        if (!_unreachable) WasmFormatException.ThrowInvalid(_offset, "type mismatch: instruction requires an operand but stack has []");
        return ValType.Bottom;
    }

    /// <summary>Pops a reference of any type.</summary>
    ValType PopRef()
    {
        ValType found = Pop();
        if (!found.IsRef && !found.IsBottom) WasmFormatException.ThrowInvalid(_offset, $"type mismatch: instruction requires a reference but stack has [{found}]");
        return found;
    }

    /// <summary>Whether every further operand of the frame would be conjured up: long signatures then cost nothing.</summary>
    bool AllConjuredUp => _unreachable && _height == _floor;

    void PopAll(ReadOnlySpan<ValType> types)
    {
        for (int i = types.Length - 1; i >= 0 && !AllConjuredUp; i--) Pop(types[i]);
    }

    /// <summary>The same, keeping what lies there: branches that may fall through and have several targets.</summary>
    void CheckTop(ReadOnlySpan<ValType> types)
    {
        for (int i = 0; i < types.Length; i++)
        {
            int at = _height - 1 - i;
            ValType expected = types[types.Length - 1 - i];
            if (at >= _floor)
            {
                if (_operands[at] != expected && !_context.Matches(_operands[at], expected)) Mismatch(expected, _operands[at].ToString());
            }
            else if (!_unreachable)
            {
                Mismatch(expected, "");
            }
        }
    }

    [DoesNotReturn]
    void Mismatch(ValType expected) => Mismatch(expected, _height > _floor ? _operands[_height - 1].ToString() : "");

    [DoesNotReturn]
    void Mismatch(ValType expected, string found) => WasmFormatException.ThrowInvalid(_offset, $"type mismatch: instruction requires [{expected}] but stack has [{found}]");

    [DoesNotReturn]
    void Invalid(string message) => WasmFormatException.ThrowInvalid(_offset, message);

    // Index spaces

    void CheckType(ValType type, int offset)
    {
        if (type.IsNumeric && !type.IsVector) return;
        FeatureGate.Check(type, _features, offset);
        if (type.IsRef && type.Heap.IsConcrete && type.Code >= _context.Types.Length) WasmFormatException.ThrowInvalid(offset, $"unknown type {type.Code}");
    }

    void CheckHeapType(HeapType type)
    {
        FeatureGate.Require(_features, FeatureGate.NeededBy(type), _offset);
        if (type.IsConcrete && type.Code >= _context.Types.Length) Invalid($"unknown type {type.Code}");
    }

    SubType Type(uint index)
    {
        if (index >= (uint)_context.Types.Length) Invalid($"unknown type {index}");
        return _context.Types[index];
    }

    FuncType FunctionType(uint index)
    {
        if (Type(index) is not FuncType type)
        {
            Invalid($"type mismatch: type {index} is not a function type");
            return null;
        }
        return type;
    }

    TableType Table(uint index)
    {
        if (index >= (uint)_context.Tables.Length) Invalid($"unknown table {index}");
        return _context.Tables[index];
    }

    MemoryType Memory(uint index)
    {
        if (index >= (uint)_context.Memories.Length) Invalid($"unknown memory {index}");
        return _context.Memories[index];
    }

    GlobalType Global(uint index)
    {
        if (index >= (uint)_context.Globals.Length) Invalid($"unknown global {index}");
        return _context.Globals[index];
    }

    ValType Elem(uint index)
    {
        if (index >= (uint)_context.Elems.Length) Invalid($"unknown elem segment {index}");
        return _context.Elems[index];
    }

    // A body that names a data segment comes before the data section, hence the section that counts them.
    void Data(uint index)
    {
        if (_context.DataCount < 0) WasmFormatException.ThrowMalformed(_offset, "data count section required");
        if (index >= (uint)_context.DataCount) Invalid($"unknown data segment {index}");
    }
}
