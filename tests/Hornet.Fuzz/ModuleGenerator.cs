using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>Which parts of WebAssembly generated modules use.</summary>
public sealed record GeneratorOptions(bool Simd = true, bool Memory64 = true, bool MultiMemory = true, bool TailCalls = true, bool References = true, bool RelaxedSimd = false,
    bool Gc = false, bool Exceptions = false, bool Threads = false);

/// <summary>
/// Valid modules that end by themselves: every loop and every function entry takes a unit from the exported global `fuel` and
/// is unreachable when there is none left. Results of float arithmetic are made canonical, so that every engine gives the same bits.
/// </summary>
public sealed partial class ModuleGenerator
{
    /// <summary>Value of the global `fuel` at the beginning of each call.</summary>
    public const int Fuel = 400;

    const int FuelGlobal = 0, TableMinimum = 8, PassiveElements = 4, BudgetPerFunction = 160, BudgetOfSmall = 8, MaximumDepth = 5;

    readonly Decisions _d;
    readonly GeneratorOptions _options;
    readonly ModuleEnvironment _env = new();
    readonly ByteBuffer _source = new();
    readonly List<FuncType> _functions = [];
    readonly ValType[] _types;
    readonly Dictionary<ValType, Op[]> _operators;
    readonly Op[] _loads, _stores, _wide, _atomics;

    ModuleGenerator(Decisions decisions, GeneratorOptions options)
    {
        (_d, _options) = (decisions, options);
        _types = [.. options.Simd ? Bodies.Types : Bodies.Types[..4], .. options.Gc ? s_references : [], .. options.Exceptions ? [ValType.ExnRef] : (ValType[])[]];
        Op[] usable = [.. Opcodes.All.ToArray().Select(o => (Op)o).Where(Usable)];
        Op[] numeric = [.. usable.Where(o => Opcodes.ClassOf(o) is OpClass.Numeric or OpClass.Trapping)];
        _operators = _types.Where(t => !t.IsRef).ToDictionary(t => t, t => numeric.Where(o => Opcodes.SignatureOf(o) is { ResultCount: 1 } s && s.Result(0, ValType.I32) == t).ToArray());
        _wide = [.. numeric.Where(o => Opcodes.SignatureOf(o).ResultCount == 2)];
        _loads = [.. usable.Where(o => Opcodes.ClassOf(o) == OpClass.Load)];
        _stores = [.. usable.Where(o => Opcodes.ClassOf(o) == OpClass.Store)];
        _atomics = [.. usable.Where(o => Opcodes.ClassOf(o) == OpClass.Atomic && o != Op.AtomicFence)];
    }

    /// <summary>The module that these decisions make.</summary>
    public static byte[] Generate(Decisions decisions, GeneratorOptions? options = null) => new ModuleGenerator(decisions, options ?? new()).Module();

    bool Usable(Op op) => (Opcodes.FeatureOf(op) & ((_options.Simd ? 0 : Features.Simd) | (_options.RelaxedSimd ? 0 : Features.RelaxedSimd))) == 0;

    byte[] Module()
    {
        ReferenceTypes();
        // 0: the imported host function
        int imported = TypeIndex(new([ValType.I32, ValType.I64], [ValType.I64]));
        _env.Imports.Add(new("h", "f", ExternKind.Func, 0));
        _env.ImportedFunctions = 1;
        _functions.Add(new([ValType.I32, ValType.I64], [ValType.I64]));
        _env.Functions.Add(imported);
        int count = 1 + _d.Below(4), small = _d.Below(3);
        for (int i = 0; i < count + small; i++)
        {
            // The first can be called from outside. Now and then there are more parameters and results than registers.
            int most = _d.OnceIn(8) ? 16 : 5;
            FuncType type = i == 0 ? new(SomeNumbers(most), SomeNumbers(most - 1)) : i < count ? new(SomeTypes(most), SomeTypes(most - 1)) : new(SomeTypes(4), SomeTypes(3));
            _functions.Add(type);
            _env.Functions.Add(TypeIndex(type));
            // Wasmtime's package does not bear types with other references at the border.
            if (!type.Parameters.ToArray().Concat(type.Results.ToArray()).Any(t => t.IsRef)) _env.Exports.Add(new($"f{i}", ExternKind.Func, i + 1));
        }
        Memory(0, _options.Memory64 && _d.OnceIn(6), _options.Threads && _d.OnceIn(2));
        if (_options.MultiMemory && _d.OnceIn(6)) Memory(1, false, false);
        _env.Tables.Add(new(ValType.FuncRef, new(TableMinimum, TableMinimum + 4)));
        _env.TableInits.Add(default);
        // Wasmtime's package asks elements for types that it does not bear.
        if (!_options.Gc && !_options.Exceptions) _env.Exports.Add(new("t", ExternKind.Table, 0));
        _env.Elems.Add(new(SegmentMode.Active, 0, _source.ConstExpr(ValType.I32, default), ValType.FuncRef, false, TableMinimum - 2, _source.Gather(b =>
        {
            for (int i = 0; i < TableMinimum - 2; i++) b.U32((uint)(i % _functions.Count));
        })));
        _env.Elems.Add(new(SegmentMode.Passive, 0, default, ValType.FuncRef, true, PassiveElements, _source.Gather(b =>
        {
            for (int i = 1; i <= PassiveElements; i++)
            {
                // One of them is null.
                if (i == PassiveElements - 1) b.Operator(new Operator { Op = Op.RefNull, Heap = HeapType.Func });
                else b.Indexed(Op.RefFunc, i % _functions.Count);
                b.Opcode(Op.End);
            }
        })));
        // All may be referred to.
        _env.Elems.Add(new(SegmentMode.Declarative, 0, default, ValType.FuncRef, false, _functions.Count, _source.Gather(b =>
        {
            for (int i = 0; i < _functions.Count; i++) b.U32((uint)i);
        })));
        _env.DataCount = 2;
        ValType address = _env.Memories[0].IndexType;
        byte[] data = [.. Enumerable.Range(0, 96).Select(i => (byte)(i * 37 ^ i >> 2))];
        _env.Datas.Add(new(SegmentMode.Active, 0, _source.ConstExpr(address, (16, 0)), _source.Gather(b => b.Append(data))));
        _env.Datas.Add(new(SegmentMode.Passive, 0, default, _source.Gather(b => b.Append(data.AsSpan(0, 40)))));
        Global(ValType.I32, true, (Fuel, 0), "fuel");
        for (int i = 0; i < _types.Length; i++) Global(_types[i], true, _types[i].IsRef ? default : EdgeValues.Of(_types[i])[1], _types[i].IsRef ? null : $"g{i}");
        Global(SomeNumber(), false, (7, 7), null);
        for (int i = 1; i < _functions.Count; i++) _env.Bodies.Add(new(Body(_functions[i], isSmall: i > count)));
        if (_env.Memories[0].IsShared) Digest();
        return ModuleWriter.Encode(_env, _source.ToArray());
    }

    void Memory(int index, bool is64, bool isShared)
    {
        ulong least = _options.MultiMemory && !isShared && _d.OnceIn(index == 0 ? 24 : 4) ? ManyPages : 1;
        _env.Memories.Add(new(new(least, least + 2), is64, isShared));
        if (!isShared) _env.Exports.Add(new($"m{index}", ExternKind.Memory, index));
    }

    void Global(ValType type, bool mutable, (ulong, ulong) value, string? export)
    {
        if (export is not null) _env.Exports.Add(new(export, ExternKind.Global, _env.Globals.Count));
        _env.Globals.Add(new(type, mutable));
        _env.GlobalInits.Add(type.IsRef ? new(_source.Gather(b =>
        {
            b.Operator(new Operator { Op = Op.RefNull, Heap = type.Heap });
            b.Opcode(Op.End);
        })) : _source.ConstExpr(type, value));
    }

    ValType SomeType() => _d.Of(_types);

    ValType SomeNumber() => _d.Of(_options.Simd ? Bodies.Types : Bodies.Types[..4]);

    ValType[] SomeTypes(int most) => Some(most, SomeType);

    ValType[] SomeNumbers(int most) => Some(most, SomeNumber);

    ValType[] Some(int most, Func<ValType> one)
    {
        ValType[] types = new ValType[_d.Below(most)];
        for (int i = 0; i < types.Length; i++) types[i] = one();
        return types;
    }

    int TypeIndex(FuncType type)
    {
        for (int i = 0; i < _env.Types.Count; i++)
            if (_env.Types[i] is FuncType known && known.Parameters.SequenceEqual(type.Parameters) && known.Results.SequenceEqual(type.Results)) return i;
        _env.Types.Add(type);
        _env.RecGroupStart.Add(_env.Types.Count - 1);
        return _env.Types.Count - 1;
    }

    BlockType BlockTypeOf(ValType[] parameters, ValType[] results) => (parameters.Length, results.Length) switch
    {
        (0, 0) => BlockType.Empty,
        (0, 1) => BlockType.Of(results[0]),
        _ => BlockType.Of(TypeIndex(new(parameters, results))),
    };

    // The state of the body that is being written.
    readonly ByteBuffer _b = new();
    readonly List<ValType> _locals = [];
    // The types that a branch to each label carries; the function's own is first.
    readonly List<ValType[]> _labels = [];
    readonly Dictionary<ValType, int> _temporaries = [];
    readonly HashSet<int> _counters = [];
    FuncType _current = new([], []);
    int _budget;
    bool _isSmall;

    // Small functions call nobody, so that they need no fuel of their own: what is put in the place of a call.
    ByteRange Body(FuncType type, bool isSmall)
    {
        _b.Clear();
        _locals.Clear();
        _labels.Clear();
        _temporaries.Clear();
        _counters.Clear();
        _current = type;
        _isSmall = isSmall;
        _budget = isSmall ? BudgetOfSmall : BudgetPerFunction;
        _locals.AddRange(type.Parameters);
        // Sometimes more than there are registers.
        int own = _d.OnceIn(6) ? 6 + _d.Below(24) : _d.Below(6);
        for (int i = 0; i < own; i++) _locals.Add(SomeType());
        _labels.Add(type.Results.ToArray());
        if (!isSmall) Charge();
        Statements(MaximumDepth);
        foreach (ValType result in type.Results) Expression(result, MaximumDepth);
        return _source.Body(_locals[type.Parameters.Length..], _b.Written);
    }

    void Charge()
    {
        _b.Indexed(Op.GlobalGet, FuelGlobal);
        _b.Opcode(Op.I32Eqz);
        _b.Operator(new Operator { Op = Op.If, BlockType = BlockType.Empty });
        _b.Opcode(Op.Unreachable);
        _b.Opcode(Op.End);
        _b.Indexed(Op.GlobalGet, FuelGlobal);
        _b.I32(1);
        _b.Opcode(Op.I32Sub);
        _b.Indexed(Op.GlobalSet, FuelGlobal);
    }

    int NewLocal(ValType type)
    {
        _locals.Add(type);
        return _locals.Count - 1;
    }

    int Temporary(ValType type) => _temporaries.TryGetValue(type, out int local) ? local : _temporaries[type] = NewLocal(type);

    // Loop counters and temporaries are never chosen: a loop could forget where it is.
    int? SomeLocal(ValType type)
    {
        List<int> fit = [];
        for (int i = 0; i < _locals.Count; i++)
            if (_locals[i] == type && !_temporaries.ContainsValue(i) && !_counters.Contains(i)) fit.Add(i);
        return fit.Count == 0 ? null : _d.Of(fit);
    }

    int Label(int label) => _labels.Count - 1 - label;
}
