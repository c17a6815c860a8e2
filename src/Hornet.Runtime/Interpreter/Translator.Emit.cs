using System.Runtime.CompilerServices;
using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Runtime;

// The code buffer, and what is known of the last instruction in it.
internal sealed unsafe partial class Translator
{
    byte[] _code = new byte[4096];
    int _pos;

    // The last instruction, where nothing can jump behind it: its start, and, of a computation, what it is. The field of its result
    // where that is an operand that nobody has taken yet. What stands before it.
    int _last, _lastResult, _lastForm, _before, _beforeForm;
    Op _lastOp, _beforeOp;

    readonly ByteBuffer _offsets = new();
    int _bodyOffset, _markedCode, _markedOffset;

    // The operand of the current block's Fuel instruction, -1 where there is none yet.
    int _fuelField;

    /// <summary>For <see cref="InterpreterListing"/>: where each instruction begins, taken-back ones included, and the operator that it is made for.</summary>
    public List<(int Position, Code Code, int Offset)>? Trace { get; init; }

    /// <summary>What comes next can be reached from elsewhere, or the last instruction is not to be touched.</summary>
    void Barrier() => _last = _lastResult = _before = -1;

    void Room(int bytes)
    {
        if (_code.Length - _pos < bytes) Array.Resize(ref _code, _code.Length * 2);
    }

    void Begin(Code code)
    {
        Room(64);
        (_before, _beforeOp, _beforeForm) = (_last, _lastOp, _lastForm);
        _last = _pos;
        _lastResult = -1;
        _lastOp = Op.Nop;
        Trace?.Add((_pos, code, _op.Offset));
        Unsafe.WriteUnaligned(ref _code[_pos], Dispatch.Word(code));
        _pos += sizeof(nint);
    }

    /// <summary>Begins a computation that comparisons and branches may want to look at again.</summary>
    void Begin(Op op, int form)
    {
        Begin((Code)(Forms.Of(op) + form));
        _lastOp = op;
        _lastForm = form;
    }

    /// <summary>Whether an entry is what the last instruction has made, so that the instruction may be taken back.</summary>
    bool IsLast(in Entry entry) => entry.Where == Where.Home && _lastResult >= 0 && _lastResult == _last + 8 && FieldAt(_lastResult) == entry.Home;

    /// <summary>Takes the last instruction back.</summary>
    void Undo()
    {
        _pos = _last;
        (_last, _lastOp, _lastForm) = (_before, _beforeOp, _beforeForm);
        _lastResult = _before = -1;
    }

    void Field(int value)
    {
        Unsafe.WriteUnaligned(ref _code[_pos], value);
        _pos += sizeof(int);
    }

    void Wide(ulong value)
    {
        Unsafe.WriteUnaligned(ref _code[_pos], value);
        _pos += sizeof(ulong);
    }

    void Result(int at)
    {
        _lastResult = _pos;
        Field(at);
    }

    int FieldAt(int pos) => Unsafe.ReadUnaligned<int>(ref _code[pos]);

    void Patch(int pos, int value) => Unsafe.WriteUnaligned(ref _code[pos], value);

    /// <summary>Begins a call of a leaf; its fields begin 16 bytes after the instruction.</summary>
    void BeginLeaf(delegate*<byte*, byte*, Machine*, byte*> leaf)
    {
        Mark();
        Begin(Runtime.Code.CallOut);
        Wide((ulong)(nint)leaf);
    }

    /// <summary>The instruction that follows may trap or call: its place in the module is remembered.</summary>
    void Mark()
    {
        _offsets.U32((uint)(_pos - _markedCode));
        _offsets.S64(_op.Offset - _markedOffset);
        _markedCode = _pos;
        _markedOffset = _op.Offset;
    }

    void Copy(int to, int from, bool vector)
    {
        if (to == from) return;
        if (!vector && _last >= 0 && _lastOp == Op.LocalSet && _pos == _last + 16)
        {
            // Two copies in one.
            Unsafe.WriteUnaligned(ref _code[_last], Dispatch.Word(Runtime.Code.Copy2));
            Room(16);
            _lastOp = Op.Nop;
            Result(to);
            Field(from);
            return;
        }
        Begin(vector ? Runtime.Code.Copy128 : Runtime.Code.Copy);
        // Marks a plain copy.
        _lastOp = vector ? Op.Nop : Op.LocalSet;
        Result(to);
        Field(from);
    }

    void Constant(int to, in Entry entry)
    {
        bool narrow = entry.Type == ValType.I32 || entry.Type == ValType.F32;
        Begin(narrow ? Runtime.Code.Const32 : Runtime.Code.Const64);
        Result(to);
        if (narrow) Field((int)entry.Bits);
        else Wide(entry.Bits);
    }

    void StartBlock() => _fuelField = -1;

    // The charge stands at the first operator of the block that costs something; those before it do nothing.
    void Charge(int units)
    {
        if (!_settings.ConsumeFuel || units == 0) return;
        if (_fuelField < 0)
        {
            Mark();
            Begin(Runtime.Code.Fuel);
            _fuelField = _pos;
            Field(units);
            Barrier();
            return;
        }
        Patch(_fuelField, FieldAt(_fuelField) + units);
    }

    void EmitCheck()
    {
        Mark();
        Begin(Runtime.Code.CheckInterrupt);
        Safepoint();
        Barrier();
    }
}

/// <summary>The families of instructions that an operator has.</summary>
internal static partial class Forms
{
    // Order as the generator writes a family.
    public const int Slots = 0, SlotConst = 1, ConstSlot = 2, BranchIf = 3, BranchUnless = 6;
    /// <summary>Add, compare, branch: for each form of the addition, two of the comparison.</summary>
    public const int AddBranch = 9;
    public const int LoadSlot = 0, LoadConst = 1, LoadSlot64 = 2, LoadSum = 3;
    public const int StoreSlots = 0, StoreConstAddress = 1, StoreSlot64 = 2, StoreSum = 3, StoreConstValue = 5;

    public static int Of(Op op) => First[(int)op];
}
