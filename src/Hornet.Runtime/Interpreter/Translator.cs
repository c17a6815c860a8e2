using System.Diagnostics.CodeAnalysis;
using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// Function body to register code, in one pass (docs/interpreter.md). Bodies are already validated. An operand that only names
/// a local or a constant costs nothing; a result is written where it is wanted by patching the instruction that made it.
/// </summary>
internal sealed unsafe partial class Translator : IDisposable
{
    static Translator? s_spare;

    InterpreterCode _module = null!;
    ModuleEnvironment _env = null!;
    CodeSettings _settings;
    int _function;
    FuncType _type = null!;
    int _paramBytes, _resultBytes;
    ValType[] _localTypes = new ValType[32];
    int[] _localAt = new int[32];
    int _localCount;
    // What may be spent on the function before it is compiled.
    int _heat;
    Operator _op;

    public static Translator Rent() => Interlocked.Exchange(ref s_spare, null) ?? new();

    /// <summary>Gives the scratch back, unless a huge function has blown it up.</summary>
    public void Dispose()
    {
        if (_code.Length <= 1 << 20 && _stack.Length <= 1 << 14) s_spare = this;
    }

    public ReadOnlySpan<byte> Code => _code.AsSpan(0, _pos);

    public CodeHeader Header => new()
    {
        Heat = _heat,
        ParamBytes = _paramBytes,
        ResultBytes = _resultBytes,
        // Room for what Zero writes past the locals, and for the results of machine code that takes the frame over.
        FrameBytes = Math.Max(_maxTop, _module.TierUp is null ? 0 : FrameHeader.Size + Math.Max(_paramBytes, _resultBytes)) + 32,
        Function = _function,
    };

    /// <summary>Everything but the code, once it lies at its place.</summary>
    public TranslatedFunction Describe(byte* start) =>
        new(start, _pos, _function, _offsets.ToArray(), _bodyOffset, [.. _handlers], Roots());

    public void Translate(InterpreterCode module, ReadOnlySpan<byte> bytes, int defined)
    {
        _module = module;
        _env = module.Environment;
        _settings = module.Settings;
        _function = _env.ImportedFunctions + defined;
        _type = _env.FunctionType(_function);
        ByteRange body = _env.Bodies[defined].Bytes;
        OperatorReader reader = new(bytes.Slice(body.Offset, body.Length), body.Offset);
        Reset(body.Offset);
        _heat = 0;
        if (module.TierUp is { } tierUp)
        {
            _heat = tierUp.Budget(body.Length);
            Begin(Runtime.Code.CountCall);
            CountFields(_pos - sizeof(nint), tierUp.Weight(body.Length));
        }
        DeclareLocals(ref reader);
        PushFrame(FrameKind.Function, [], _type.Results);
        if (_settings.Interruptible) EmitCheck();
        while (_frameCount > 0)
        {
            reader.Read(ref _op);
            if (_unreachable) Skip();
            else Step(ref reader);
        }
    }

    void Reset(int bodyOffset)
    {
        _pos = _top = _maxTop = _frameCount = _count = _saved = _refCount = _skipDepth = 0;
        _fuelField = -1;
        _unreachable = false;
        _bodyOffset = _markedOffset = bodyOffset;
        _markedCode = 0;
        _offsets.Clear();
        _handlers.Clear();
        _roots = null;
        _rootWork = 0;
        _lastRoots = [];
        _legacy = false;
        _gcTypes.Clear();
        Barrier();
    }

    void DeclareLocals(ref OperatorReader reader)
    {
        ReadOnlySpan<ValType> parameters = _type.Parameters;
        _paramBytes = FrameLayout.Bytes(parameters);
        _resultBytes = FrameLayout.Bytes(_type.Results);
        _localCount = 0;
        int at = -_paramBytes;
        foreach (ValType type in parameters) AddLocal(type, ref at);
        at = FrameHeader.Size;
        for (uint runs = reader.U32(); runs > 0; runs--)
        {
            uint count = reader.U32();
            ValType type = reader.ValType();
            for (uint i = 0; i < count; i++) AddLocal(type, ref at);
        }
        _top = _maxTop = at;
        if (_aliases.Length < _localCount) _aliases = new int[_localTypes.Length];
        _aliases.AsSpan(0, _localCount).Fill(-1);
        if (at > FrameHeader.Size)
        {
            Begin(Runtime.Code.Zero);
            Field(FrameHeader.Size);
            Field(at);
        }
    }

    void AddLocal(ValType type, ref int at)
    {
        if (_localCount == _localTypes.Length)
        {
            Array.Resize(ref _localTypes, _localCount * 2);
            Array.Resize(ref _localAt, _localCount * 2);
        }
        _localTypes[_localCount] = type;
        _localAt[_localCount++] = at;
        at += FrameLayout.Bytes(type);
    }

    // Code that cannot be reached is not translated; only its nesting is followed.
    void Skip()
    {
        switch (_op.Op)
        {
            case Op.Block or Op.Loop or Op.If or Op.Try or Op.TryTable:
                _skipDepth++;
                break;
            case Op.End when _skipDepth > 0:
                _skipDepth--;
                break;
            case Op.Delegate when _skipDepth > 0:
                _skipDepth--;
                break;
            case Op.Else or Op.End or Op.Catch or Op.CatchAll or Op.Delegate when _skipDepth == 0:
                Close();
                break;
        }
    }

    void Close()
    {
        switch (_op.Op)
        {
            case Op.Else: Else(); break;
            case Op.End: End(); break;
            case Op.Catch: LegacyCatch((int)_op.A); break;
            case Op.CatchAll: LegacyCatch(-1); break;
            case Op.Delegate: LegacyDelegate((int)_op.A); break;
        }
        StartBlock();
    }

    void Step(ref OperatorReader reader)
    {
        Charge(Opcodes.FuelOf(_op.Op));
        switch (Opcodes.ClassOf(_op.Op))
        {
            case OpClass.Control: StepControl(ref reader); break;
            case OpClass.Parametric: StepParametric(); break;
            case OpClass.Variable: StepVariable(); break;
            case OpClass.Const: StepConst(); break;
            case OpClass.Numeric or OpClass.Trapping: StepNumeric(); break;
            case OpClass.Load: StepLoad(); break;
            case OpClass.Store: StepStore(); break;
            case OpClass.Memory: StepMemory(); break;
            case OpClass.Table: StepTable(); break;
            case OpClass.Reference: StepReference(); break;
            case OpClass.Atomic: StepAtomic(); break;
            case OpClass.Aggregate: StepAggregate(); break;
            default: throw Unexpected();
        }
        if (Opcodes.StartsBlock(_op.Op)) StartBlock();
    }

    [DoesNotReturn]
    InvalidOperationException Unexpected() => throw new InvalidOperationException($"the interpreter does not know {Opcodes.Mnemonic(_op.Op)}");
}
