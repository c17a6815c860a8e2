namespace Hornet.Compiler.Tests;

using Hornet.Compiler.Ir;

/// <summary>Builds random functions that always end: loops count down. The first parameter is the address of
/// <see cref="MemoryBytes"/> bytes of memory, the others are numbers.</summary>
internal sealed class RandomFunction
{
    public const int MemoryBytes = 512;

    private static readonly IrType[] Types = [IrType.I32, IrType.I64, IrType.F32, IrType.F64, IrType.I32, IrType.I64, IrType.I8, IrType.I16, IrType.I128];
    private static readonly Opcode[] IntOps =
    [
        Opcode.Iadd, Opcode.Isub, Opcode.Imul, Opcode.Band, Opcode.Bor, Opcode.Bxor, Opcode.BandNot, Opcode.Ishl, Opcode.Ushr, Opcode.Sshr,
        Opcode.Rotl, Opcode.Rotr, Opcode.Smin, Opcode.Umin, Opcode.Smax, Opcode.Umax, Opcode.Sdiv, Opcode.Udiv, Opcode.Srem, Opcode.Urem, Opcode.Iadd, Opcode.Iadd, Opcode.Isub,
    ];
    private static readonly Opcode[] WideOps = [Opcode.Smulhi, Opcode.Umulhi];
    private static readonly Opcode[] UnaryOps = [Opcode.Bnot, Opcode.Ineg, Opcode.Clz, Opcode.Ctz, Opcode.Popcnt, Opcode.Iabs, Opcode.Bswap];
    private static readonly Opcode[] FloatOps = [Opcode.Fadd, Opcode.Fsub, Opcode.Fmul, Opcode.Fdiv, Opcode.Fmin, Opcode.Fmax, Opcode.Fcopysign];
    private static readonly Opcode[] FloatUnaryOps = [Opcode.Fneg, Opcode.Fabs, Opcode.Sqrt, Opcode.Ceil, Opcode.Floor, Opcode.Trunc, Opcode.Nearest];

    private readonly Random _random;
    private readonly IrType[] _types;
    private readonly FunctionBuilder _builder = new();
    private readonly List<(Variable Variable, IrType Type)> _variables = [];
    private readonly bool _calls, _wide;
    private readonly List<Variable> _counters = [];
    private Value _memory;
    private Variable? _index;
    private int _budget, _lastEnd;

    private RandomFunction(Random random, bool calls, bool wide = true)
    {
        _random = random;
        _calls = calls;
        _wide = wide;
        _types = wide ? Types : Types[..^1];
    }

    public static Function Create(int seed, int size = 60, bool calls = false, Function? into = null, bool wide = true) => Create(new Random(seed), size, calls, into, wide);

    /// <summary>A function of these decisions: 0 is the simplest of each, and after enough of them it ends. Without <paramref name="wide"/> nothing is an i128.</summary>
    public static Function Create(Random random, int size = 60, bool calls = false, Function? into = null, bool wide = true)
    {
        var generator = new RandomFunction(random, calls, wide);
        into ??= new Function();
        into.Clear();
        return generator.Build(into, size);
    }

    /// <summary>Arguments for a function: the memory and then numbers that are often interesting.</summary>
    public static UInt128[] Arguments(Function function, Random random, ulong memory)
    {
        var args = new UInt128[function.Signature.Params.Length];
        for (int i = 0; i < args.Length; i++)
        {
            IrType type = function.Signature.Params[i];
            ulong bits = random.Next(4) switch
            {
                0 => (ulong)random.Next(-3, 4),
                1 => 1UL << random.Next(64),
                2 => (ulong)random.NextInt64(),
                _ => (ulong)random.Next(256),
            };
            if (type == IrType.F32) bits = BitConverter.SingleToUInt32Bits(random.Next(3) == 0 ? float.NaN : random.Next(-1000, 1000) / 8f);
            if (type == IrType.F64) bits = BitConverter.DoubleToUInt64Bits(random.Next(5) == 0 ? double.PositiveInfinity : random.Next(-100000, 100000) / 16.0);
            args[i] = i == 0 ? memory : bits & type.Mask();
            if (type == IrType.I128) args[i] |= (UInt128)(random.Next(3) == 0 ? 0 - (bits >> 63) : (ulong)random.NextInt64()) << 64;
        }
        return args;
    }

    private Function Build(Function function, int size)
    {
        var parameters = new List<IrType> { IrType.I64 };
        for (int i = _random.Next(1, 14); i > 0; i--) parameters.Add(Pick(_types));
        var results = new List<IrType>();
        for (int i = _random.Next(1, 4); i > 0; i--) results.Add(Pick(_types));
        (function.Name, function.Signature) = ("random", new Signature([.. parameters], [.. results]));
        _builder.Begin(function);
        Block entry = _builder.CreateEntryBlock();
        _memory = _builder.Param(entry, 0);
        for (int i = 1; i < parameters.Count; i++) Declare(parameters[i], _builder.Param(entry, i));
        foreach (IrType type in _types) Declare(type, Constant(type));
        // Now and then more values than registers, and all of them live to the end.
        int first = _variables.Count, many = _random.Next(3) == 2 ? _random.Next(8, 24) : 0;
        for (int i = many; i > 0; i--) Declare(IrType.I64, _builder.Binary(Opcode.Iadd, Get(IrType.I64), Constant(IrType.I64)));
        if (_random.Next(3) == 2) DeclareBound();
        _budget = size;
        Body(0);
        for (int i = 0; i < many; i++) _builder.Store(new MemFlags(AliasClass.Heap, TrapCode.User(1)), _builder.Use(_variables[first + i].Variable), _memory, MemoryBytes - 8 - 8 * i);
        var values = new List<Value>();
        foreach (IrType type in results) values.Add(Get(type));
        _builder.Return([.. values]);
        _builder.SealAll();
        function.ResolveAll();
        return function;
    }

    private T Pick<T>(T[] items) => items[_random.Next(items.Length)];

    private void Declare(IrType type, Value value)
    {
        Variable variable = _builder.DeclareVariable(type);
        _builder.Define(variable, value);
        _variables.Add((variable, type));
    }

    private Variable Slot(IrType type)
    {
        int count = 0;
        foreach ((_, IrType found) in _variables) count += found == type ? 1 : 0;
        int wanted = _random.Next(count);
        foreach ((Variable variable, IrType found) in _variables)
            if (found == type && wanted-- == 0)
                return variable;
        throw new InvalidOperationException("no variable of this type");
    }

    private Value Get(IrType type) => _random.Next(8) == 0 ? Constant(type) : _builder.Use(Slot(type));

    private Value Constant(IrType type) => type switch
    {
        IrType.F32 => _builder.F32const(BitConverter.SingleToUInt32Bits(_random.Next(-64, 64) / 4f)),
        IrType.F64 => _builder.F64const(BitConverter.DoubleToUInt64Bits(_random.Next(-64, 64) / 4.0)),
        _ => _builder.Iconst(type, _random.Next(3) switch
        {
            0 => _random.Next(-4, 20),
            1 => _random.NextInt64(),
            _ => 1L << _random.Next(63),
        }),
    };

    private void Body(int depth)
    {
        for (int n = _random.Next(2, 9); n > 0 && _budget > 0; n--)
        {
            _budget--;
            int choice = _random.Next(20);
            if (choice < 2 && depth < 4) If(depth);
            else if (choice < 4 && depth < 3) Loop(depth);
            else if (choice < 5 && depth < 4) Switch(depth);
            else if (choice < 8 && _calls) Call();
            else if (choice < 12 && _index is not null) Checked();
            else Statement();
        }
    }

    private void If(int depth)
    {
        Block then = _builder.CreateBlock(), otherwise = _builder.CreateBlock(), join = _builder.CreateBlock();
        _builder.Brif(Condition(), then, [], otherwise, []);
        foreach (Block block in new[] { then, otherwise })
        {
            _builder.Seal(block);
            _builder.SwitchTo(block);
            if (block == then || _random.Next(2) == 0) Body(depth + 1);
            _builder.Jump(join);
        }
        _builder.Seal(join);
        _builder.SwitchTo(join);
    }

    private void Switch(int depth)
    {
        Block join = _builder.CreateBlock();
        var cases = new List<Block>();
        for (int i = _random.Next(2, 5); i > 0; i--) cases.Add(_builder.CreateBlock());
        _builder.BrTable(Get(IrType.I32), [.. cases.Select(block => _builder.Function.Target(block, []))]);
        foreach (Block block in cases)
        {
            _builder.Seal(block);
            _builder.SwitchTo(block);
            Body(depth + 1);
            _builder.Jump(join);
        }
        _builder.Seal(join);
        _builder.SwitchTo(join);
    }

    private void Loop(int depth)
    {
        Variable counter = _builder.DeclareVariable(IrType.I32);
        int rounds = _random.Next(1, 5), step = _random.Next(1, 6);
        // Down to 0, or up to a limit, which is not always met exactly; the last way would miss it for ever, but for a check of the counter.
        int way = _random.Next(_index is null ? 5 : 6), start = way == 0 ? rounds * step : _random.Next(0, 20);
        _builder.Define(counter, _builder.Iconst(IrType.I32, start));
        Block head = _builder.CreateBlock(), exit = _builder.CreateBlock();
        _builder.Jump(head);
        _builder.SwitchTo(head);
        if (way == 5)
        {
            rounds = 8;
            step++;
            Value at = _builder.Convert(Opcode.Uextend, IrType.I64, _builder.Use(counter));
            _builder.Trapnz(_builder.Icmp(IntCC.Uge, at, Bound()), TrapCode.User(4));
        }
        _counters.Add(counter);
        Body(depth + 1);
        _counters.RemoveAt(_counters.Count - 1);
        Value next = _builder.Binary(way == 0 ? Opcode.Isub : Opcode.Iadd, _builder.Use(counter), _builder.Iconst(IrType.I32, step));
        _builder.Define(counter, next);
        Value limit = _builder.Iconst(IrType.I32, start + rounds * step - (way == 5 ? 1 : way > 1 ? _random.Next(step) : 0));
        Value again = way switch
        {
            0 => next,
            1 or 5 => _builder.Icmp(IntCC.Ne, next, limit),
            2 => _builder.Icmp(IntCC.Slt, next, limit),
            3 => _builder.Icmp(IntCC.Ult, next, limit),
            _ => _builder.Icmp(IntCC.Ule, next, limit),
        };
        if (way == 0 && _random.Next(2) == 0) _builder.Brif(_builder.Icmp(IntCC.Eq, next, _builder.Iconst(IrType.I32, 0)), exit, [], head, []);
        else _builder.Brif(again, head, [], exit, []);
        _builder.Seal(head);
        _builder.Seal(exit);
        _builder.SwitchTo(exit);
    }

    private Value Condition() => _random.Next(_wide ? 5 : 4) switch
    {
        4 => _builder.Icmp((IntCC)_random.Next(10), Get(IrType.I128), Get(IrType.I128)),
        0 => Get(IrType.I32),
        1 => _builder.Fcmp((FloatCC)_random.Next(10), Get(IrType.F64), Get(IrType.F64)),
        2 => _builder.Icmp((IntCC)_random.Next(10), Get(IrType.I64), Get(IrType.I64)),
        _ => _builder.Icmp((IntCC)_random.Next(10), Get(IrType.I32), Get(IrType.I32)),
    };

    private void Call()
    {
        Signature called = _wide ? CalleeSignature : s_narrowCallee;
        SigRef signature = _builder.DeclareSignature(called);
        FuncRef callee = _builder.DeclareFunction(0, signature);
        Value[] args = Array.ConvertAll(called.Params, Get);
        Inst inst = _builder.Call(callee, args);
        for (int i = 0; i < called.Results.Length; i++)
            _builder.Define(Slot(called.Results[i]), new Value(_builder.Function.Result(inst).Index + i));
    }

    /// <summary>What functions built with calls call: symbol 0.</summary>
    public static readonly Signature CalleeSignature = new(
        [IrType.I32, IrType.I64, IrType.F64, IrType.I32, IrType.I64, IrType.I64, IrType.I32, IrType.I64, IrType.I32, IrType.F32, IrType.I64, IrType.I64, IrType.I128],
        [IrType.I64, IrType.I128, IrType.F64, IrType.I32]);

    private static readonly Signature s_narrowCallee = new(CalleeSignature.Params[..^1], [IrType.I64, IrType.F64, IrType.I32]);

    /// <summary>The function that is symbol 0 (1 once linked): some arithmetic over all its parameters.</summary>
    public static Function Callee(int seed)
    {
        var generator = new RandomFunction(new Random(seed), calls: false);
        var function = new Function { Name = "callee", Signature = CalleeSignature };
        FunctionBuilder builder = generator._builder;
        builder.Begin(function);
        Block entry = builder.CreateEntryBlock();
        for (int i = 0; i < CalleeSignature.Params.Length; i++) generator.Declare(CalleeSignature.Params[i], builder.Param(entry, i));
        var results = new List<Value>();
        foreach (IrType type in CalleeSignature.Results)
        {
            Value sum = generator.Constant(type);
            for (int i = 0; i < CalleeSignature.Params.Length; i++)
                if (CalleeSignature.Params[i] == type)
                    sum = builder.Binary(type.IsFloat() ? Opcode.Fadd : Opcode.Bxor, sum, builder.Param(entry, i));
            results.Add(sum);
        }
        builder.Return([.. results]);
        builder.SealAll();
        function.ResolveAll();
        return function;
    }

    // A bound at the end of memory, and accesses that are checked against it and cannot fault.
    private const int BoundAt = MemoryBytes - 8, LeastBound = 64, MostBound = 400;

    private static readonly MemFlags s_cell = MemFlags.Trusted(AliasClass.VmContext);

    private void DeclareBound()
    {
        _index = _builder.DeclareVariable(IrType.I32);
        _builder.Define(_index.Value, Get(IrType.I32));
        Value more = _builder.Binary(Opcode.Band, Get(IrType.I64), _builder.Iconst(IrType.I64, 0xFF));
        _builder.Store(s_cell, _builder.Binary(Opcode.Iadd, more, _builder.Iconst(IrType.I64, LeastBound)), _memory, BoundAt);
    }

    private Value Bound() => _builder.LoadBound(new BoundData(0, LeastBound), s_cell, _memory, BoundAt);

    private void Grow()
    {
        Value old = Bound();
        Value grown = _builder.Binary(Opcode.Iadd, old, _builder.Binary(Opcode.Band, Get(IrType.I64), _builder.Iconst(IrType.I64, 31)));
        Value fits = _builder.Icmp(IntCC.Ult, grown, _builder.Iconst(IrType.I64, MostBound));
        _builder.Store(s_cell, _builder.Select(fits, grown, old), _memory, BoundAt);
    }

    private void Checked()
    {
        if (_random.Next(8) == 7)
        {
            Grow();
            return;
        }
        if (_random.Next(4) == 3)
        {
            Value index = _counters.Count > 0 && _random.Next(2) == 0 ? _builder.Use(_counters[_random.Next(_counters.Count)]) : Get(IrType.I32);
            if (_random.Next(2) == 0) index = _builder.Binary(Opcode.Ishl, index, _builder.Iconst(IrType.I32, _random.Next(1, 5)));
            if (_random.Next(10) != 0) index = _builder.Binary(Opcode.Band, index, _builder.Iconst(IrType.I32, Pick([31, 63, 60, 127, 255])));
            // Close to the bound, where a byte decides.
            if (_random.Next(3) == 0) index = _builder.Binary(Opcode.Isub, _builder.Convert(Opcode.Ireduce, IrType.I32, Bound()), _builder.Iconst(IrType.I32, _random.Next(20, 34)));
            if (_random.Next(3) == 0) index = _builder.Binary(Opcode.Iadd, index, _builder.Iconst(IrType.I32, _random.Next(-3, 20)));
            // Just below 0: a small constant more, and it is a small number.
            if (_random.Next(6) == 0) index = _builder.Binary(Opcode.Iadd, _builder.Binary(Opcode.Band, index, _builder.Iconst(IrType.I32, 7)), _builder.Iconst(IrType.I32, -8));
            _builder.Define(_index!.Value, index);
        }
        IrType type = Pick([IrType.I8, IrType.I16, IrType.I32, IrType.I64]);
        int offset = _random.Next(24);
        // The last check again, or a byte more or less.
        if (_lastEnd is > 0 and < 40 && _random.Next(3) == 0) offset = Math.Max(0, _lastEnd + _random.Next(-1, 2) - type.Bytes());
        int end = _lastEnd = offset + type.Bytes();
        Value at = _builder.Use(_index!.Value);
        // A sum that may wrap around, beside the number it is made of.
        if (_random.Next(4) == 0) at = _builder.Binary(Opcode.Iadd, at, _builder.Iconst(IrType.I32, _random.Next(1, 20)));
        Value wide = _random.Next(12) == 0 ? _builder.Iconst(IrType.I64, _random.Next(80)) : _builder.Convert(Opcode.Uextend, IrType.I64, at);
        Value outside = _random.Next(3) switch
        {
            0 => _builder.Icmp(IntCC.Ugt, _builder.Binary(Opcode.Iadd, wide, _builder.Iconst(IrType.I64, end)), Bound()),
            1 => _builder.Icmp(IntCC.Uge, _builder.Binary(Opcode.Iadd, wide, _builder.Iconst(IrType.I64, end - 1)), Bound()),
            _ => _builder.Icmp(IntCC.Ugt, wide, _builder.Binary(Opcode.Isub, Bound(), _builder.Iconst(IrType.I64, end))),
        };
        _builder.Trapnz(outside, TrapCode.User(4));
        Value address = _builder.Binary(Opcode.Iadd, _memory, wide);
        if (_random.Next(2) == 0) _builder.Define(Slot(type), _builder.Load(type, MemFlags.Trusted(AliasClass.Heap), address, offset));
        else _builder.Store(MemFlags.Trusted(AliasClass.Heap), Get(type), address, offset);
    }

    private Value Address(out int offset)
    {
        offset = _random.Next(4) * 8;
        Value index = _builder.Binary(Opcode.Band, Get(IrType.I32), _builder.Iconst(IrType.I32, 0xF8));
        // Sums and shifts that do not wrap around: a counter is below 128.
        if (_counters.Count > 0 && _random.Next(4) == 0) index = _builder.Use(_counters[_random.Next(_counters.Count)]);
        if (_random.Next(4) == 0) index = _builder.Binary(Opcode.Iadd, index, _builder.Iconst(IrType.I32, _random.Next(64)));
        else if (_random.Next(8) == 0) index = _builder.Binary(Opcode.Ishl, _builder.Binary(Opcode.Band, index, _builder.Iconst(IrType.I32, 31)), _builder.Iconst(IrType.I32, _random.Next(1, 4)));
        Value wide = _builder.Convert(Opcode.Uextend, IrType.I64, index);
        return _builder.Binary(Opcode.Iadd, _memory, wide);
    }

    private void Statement()
    {
        IrType type = Pick(_types);
        Value value;
        var heap = new MemFlags(AliasClass.Heap, TrapCode.User(1));
        switch (_random.Next(12))
        {
            case 0:
                value = _builder.Load(type, heap, Address(out int offset), offset);
                if (type.IsFloat()) value = _builder.Select(_builder.Fcmp(FloatCC.Eq, value, value), value, Constant(type));
                break;
            case 1:
                // No NaN in memory: it could be read back as an integer, and which NaN it is, is nobody's promise.
                value = Get(type);
                if (type.IsFloat()) value = _builder.Select(_builder.Fcmp(FloatCC.Eq, value, value), value, Constant(type));
                _builder.Store(heap, value, Address(out offset), offset);
                return;
            case 2 when type is IrType.I32 or IrType.I64:
                Opcode[] loads = type == IrType.I64
                    ? [Opcode.Uload8, Opcode.Sload8, Opcode.Uload16, Opcode.Sload16, Opcode.Uload32, Opcode.Sload32]
                    : [Opcode.Uload8, Opcode.Sload8, Opcode.Uload16, Opcode.Sload16];
                value = _builder.Load(Pick(loads), type, heap, Address(out offset), offset);
                break;
            case 3 when type is IrType.I32 or IrType.I64:
                _builder.Store(Pick([Opcode.Store8, Opcode.Store16]), heap, Get(type), Address(out offset), offset);
                return;
            case 4:
                value = _builder.Select(Condition(), Get(type), Get(type), _random.Next(4) == 0);
                break;
            case 5 when type == IrType.I32:
                value = Condition();
                break;
            case 5:
                value = Convert(type);
                break;
            case 6 when !type.IsFloat():
                value = type != IrType.I128 && _random.Next(30) == 0 ? Trapping(type) : _builder.Unary(Pick(UnaryOps), Get(type));
                break;
            case 6:
                value = _builder.Unary(Pick(FloatUnaryOps), Get(type));
                break;
            case 7 when type is IrType.I32 or IrType.I64:
                // Read, change, write the same place: op-store forms.
                Value address = Address(out offset);
                Value old = _builder.Load(type, heap, address, offset);
                _builder.Store(heap, _builder.Binary(Pick([Opcode.Iadd, Opcode.Isub, Opcode.Band, Opcode.Bor, Opcode.Bxor]), old, Get(type)), address, offset);
                return;
            case 8 when type is IrType.I32 or IrType.I64:
                Value scaled = _builder.Binary(Opcode.Ishl, Get(type), _builder.Iconst(type, _random.Next(1, 4)));
                value = _builder.Binary(Opcode.Iadd, _builder.Binary(Opcode.Iadd, scaled, Get(type)), _builder.Iconst(type, _random.Next(-500, 500)));
                break;
            default:
                if (type.IsFloat()) value = _builder.Binary(Pick(FloatOps), Get(type), Get(type));
                else value = Integer(type);
                break;
        }
        _builder.Define(Slot(type), value);
    }

    private Value Integer(IrType type)
    {
        Opcode op = type != IrType.I128 && _random.Next(10) == 0 ? Pick(WideOps) : Pick(IntOps);
        bool shifts = op is Opcode.Ishl or Opcode.Ushr or Opcode.Sshr or Opcode.Rotl or Opcode.Rotr;
        Value b = Get(shifts && type == IrType.I128 ? Pick([IrType.I8, IrType.I32, IrType.I64]) : type);
        if (op is Opcode.Sdiv or Opcode.Udiv or Opcode.Srem or Opcode.Urem)
        {
            if (type == IrType.I128) op = Opcode.Bxor;
            else if (_random.Next(3) == 0) b = _builder.Iconst(type, _random.Next(1, 30));
            else if (_random.Next(8) != 0) b = _builder.Binary(Opcode.Bor, _builder.Binary(Opcode.Ushr, b, _builder.Iconst(type, 1)), _builder.Iconst(type, 1));
        }
        return _builder.Binary(op, Get(type), b);
    }

    private Value Trapping(IrType type)
    {
        Value value = Get(type);
        if (_random.Next(2) == 0) _builder.Trapz(value, TrapCode.User(2));
        else _builder.Trapnz(_builder.Icmp(IntCC.Ugt, value, Constant(type)), TrapCode.User(3));
        return value;
    }

    private Value Convert(IrType type)
    {
        switch (type)
        {
            case IrType.I128:
                return _builder.Convert(_random.Next(2) == 0 ? Opcode.Uextend : Opcode.Sextend, type, Get(Pick([IrType.I8, IrType.I16, IrType.I32, IrType.I64])));
            case not (IrType.F32 or IrType.F64) when _wide && _random.Next(5) == 0: return _builder.Convert(Opcode.Ireduce, type, Get(IrType.I128));
            case IrType.I8: return _builder.Convert(Opcode.Ireduce, type, Get(IrType.I32));
            case IrType.I16: return _builder.Convert(Opcode.Ireduce, type, Get(IrType.I64));
            case IrType.I32:
                // What was extended further is cut again: the chains that the optimiser shortens.
                if (_random.Next(2) == 0) return _builder.Convert(Opcode.Sextend, type, Get(IrType.I8));
                IrType narrow = Pick([IrType.I8, IrType.I16]);
                return _builder.Convert(Opcode.Ireduce, type, _builder.Convert(_random.Next(2) == 0 ? Opcode.Sextend : Opcode.Uextend, IrType.I64, Get(narrow)));
            case IrType.I64:
                return _random.Next(5) switch
                {
                    0 => _builder.Convert(Opcode.FcvtToSintSat, type, Get(IrType.F64)),
                    1 => _builder.Convert(Opcode.FcvtToUintSat, type, Get(IrType.F32)),
                    2 => _builder.Convert(Opcode.Sextend, type, Get(IrType.I32)),
                    3 => _builder.Convert(Opcode.Uextend, type, Get(IrType.I16)),
                    _ => _builder.Convert(Opcode.Uextend, type, Get(IrType.I32)),
                };
            case IrType.F32:
                return _random.Next(4) switch
                {
                    0 => _builder.Convert(Opcode.Fdemote, type, Get(IrType.F64)),
                    1 => _builder.Convert(Opcode.FcvtFromSint, type, Get(IrType.I32)),
                    2 => _builder.Convert(Opcode.FcvtFromUint, type, Get(IrType.I64)),
                    _ => _builder.Convert(Opcode.FcvtFromUint, type, Get(IrType.I32)),
                };
            default:
                return _random.Next(4) switch
                {
                    0 => _builder.Convert(Opcode.Fpromote, type, Get(IrType.F32)),
                    1 => _builder.Convert(Opcode.FcvtFromSint, type, Get(IrType.I64)),
                    2 => _builder.Convert(Opcode.FcvtFromUint, type, Get(IrType.I64)),
                    _ => _builder.Convert(Opcode.FcvtFromSint, type, Get(IrType.I32)),
                };
        }
    }
}
