using System.Globalization;

namespace Hornet.Compiler.Ir;

/// <summary>The text was not IR; the message names the line.</summary>
internal sealed class IrSyntaxException(int line, string message) : Exception($"line {line}: {message}");

/// <summary>Reads what <see cref="IrPrinter"/> writes. Entities keep their order, not their numbers: a function that was
/// numbered in order of appearance comes back the same. Comments run from <c>;</c> to the end of the line.</summary>
internal sealed class IrParser
{
    private readonly string _text;
    private readonly Function _function;
    private readonly Dictionary<int, Value> _values = [];
    private readonly Dictionary<int, Block> _blocks = [];
    private readonly List<(Value Placeholder, int Number, int Line)> _forward = [];
    private readonly List<(Inst Inst, (int Source, int Site) Position)> _positions = [];
    private readonly List<(int Symbol, (int Source, int Site) Call)> _sites = [];
    private int _position;
    private int _line = 1;

    private IrParser(string text, int position, Function function)
    {
        (_text, _position, _function) = (text, position, function);
        _line = 1 + text.AsSpan(0, position).Count('\n');
    }

    /// <summary>Parses the only function of a text.</summary>
    public static Function Parse(string text) => ParseAll(text)[0];

    public static List<Function> ParseAll(string text)
    {
        var functions = new List<Function>();
        int position = 0;
        do
        {
            var parser = new IrParser(text, position, new Function());
            parser.ParseFunction();
            functions.Add(parser._function);
            parser.SkipSpace();
            position = parser._position;
        }
        while (position < text.Length);
        return functions;
    }

    private void ParseFunction()
    {
        Expect("function");
        Expect("%");
        _function.Name = Word();
        _function.Signature = ParseSignature();
        Expect("{");
        ParsePreamble();
        ScanBlocks();
        while (!Try("}")) ParseBlock();
        Place();
        foreach ((Value placeholder, int number, int line) in _forward)
        {
            if (!_values.TryGetValue(number, out Value value)) throw new IrSyntaxException(line, $"v{number} is not defined");
            _function.MakeAlias(placeholder, value);
        }
        _function.ResolveAll();
    }

    private void ParsePreamble()
    {
        while (true)
        {
            if (Try("stack_limit"))
            {
                do _function.StackLimit.Add((int)Number());
                while (Try(","));
            }
            else if (Peek("ss"))
            {
                Entity("ss");
                Expect("=");
                int size = (int)Number();
                Expect(",");
                Expect("align");
                _function.StackSlots.Add(new StackSlotData(size, (int)Number()));
            }
            else if (Peek("bound"))
            {
                int bound = Entity("bound");
                Expect("=");
                Expect("least");
                _function.Bounds.Add(new BoundData(bound, Number()));
            }
            else if (Peek("sig"))
            {
                Entity("sig");
                Expect("=");
                _function.Signatures.Add(ParseSignature());
            }
            else if (Peek("fn"))
            {
                Entity("fn");
                Expect("=");
                Expect("%");
                int symbol = (int)Number();
                var signature = new SigRef(Entity("sig"));
                _function.Functions.Add(new ExternalFunction(symbol, signature, Try("slot") ? (int)Number() : -1));
            }
            else if (Peek("inline"))
            {
                if (Entity("inline") != _sites.Count) throw Error("inlined calls are numbered in order");
                Expect("=");
                Expect("%");
                int symbol = (int)Number();
                _sites.Add((symbol, Position()));
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>Creates the blocks in the order of their headers, before anything refers to them.</summary>
    private void ScanBlocks()
    {
        foreach (string raw in _text[_position..].Split('\n'))
        {
            string line = raw.TrimStart();
            if (line.StartsWith('}')) return;
            if (!line.StartsWith("block", StringComparison.Ordinal)) continue;
            int end = 5;
            while (end < line.Length && char.IsAsciiDigit(line[end])) end++;
            if (!int.TryParse(line.AsSpan(5, end - 5), CultureInfo.InvariantCulture, out int number)) continue;
            if (!_blocks.TryAdd(number, _function.CreateBlock())) throw Error($"block{number} appears twice");
        }
    }

    private Signature ParseSignature()
    {
        var parameters = new List<IrType>();
        var results = new List<IrType>();
        bool context = false;
        Expect("(");
        while (!Try(")"))
        {
            if (parameters.Count > 0) Expect(",");
            parameters.Add(Type());
            if (Try("vmctx")) context = true;
        }
        if (Try("->"))
            do results.Add(Type());
            while (Try(","));
        return new Signature([.. parameters], [.. results], context);
    }

    private void ParseBlock()
    {
        Block block = BlockName();
        _function.AppendBlock(block);
        if (Try("("))
        {
            do
            {
                int number = Entity("v");
                Expect(":");
                Name(number, _function.AppendParam(block, Type()));
            }
            while (Try(","));
            Expect(")");
        }
        if (Try("cold")) _function[block].Cold = true;
        Expect(":");
        while (!Peek("block") && !Peek("}")) ParseInst(block);
    }

    private void ParseInst(Block block)
    {
        var results = new List<int>();
        if (Peek("v") && char.IsAsciiDigit(_text[_position + 1]))
        {
            do results.Add(Entity("v"));
            while (Try(","));
            Expect("=");
        }
        int line = _line;
        string name = Word();
        InstData data = default;
        bool known = false;
        foreach (OpcodeRow row in Opcodes.Rows)
            if (row.Name == name)
            {
                data = new InstData(row.Op, IrType.None);
                known = true;
                break;
            }
        if (!known) throw new IrSyntaxException(line, $"unknown operator {name}");
        if (Try("."))
        {
            if (!IrTypes.TryParse(Word(), out data.Type, out data.Lane)) throw Error("expected a type");
        }
        ParseOperands(ref data);
        Inst inst = _function.CreateInst(data);
        _function.MakeResults(inst);
        _function.AppendInst(block, inst);
        if (_function.Link(inst).ResultCount != results.Count)
            throw new IrSyntaxException(line, $"{name} has {_function.Link(inst).ResultCount} results");
        for (int i = 0; i < results.Count; i++) Name(results[i], new Value(_function.Result(inst).Index + i));
        _function.Link(inst).State = ParseStates();
        _positions.Add((inst, Position()));
    }

    private (int Source, int Site) Position()
    {
        if (!Try("@")) return (-1, -1);
        int source = (int)Number();
        return (source, Try("in") ? Entity("inline") : -1);
    }

    /// <summary>Gives each inlined call the positions that its code needs, one behind the other.</summary>
    private void Place()
    {
        int own = 0;
        int[] first = new int[_sites.Count], end = new int[_sites.Count];
        Array.Fill(first, int.MaxValue);
        foreach ((int source, int site) in _positions.Select(static p => p.Position).Concat(_sites.Select(static s => s.Call)))
        {
            if (site >= _sites.Count) throw Error($"there is no inline{site}");
            if (site < 0) own = Math.Max(own, source + 1);
            else (first[site], end[site]) = (Math.Min(first[site], source), Math.Max(end[site], source + 1));
        }
        _function.SourceEnd = own;
        int Of((int Source, int Site) position) => position.Site < 0 ? position.Source
            : position.Source - first[position.Site] + _function.InlineSites[position.Site].Base;
        for (int i = 0; i < _sites.Count; i++)
        {
            if (_sites[i].Call.Site >= i) throw Error($"inline{i} is inlined into what comes after it");
            if (first[i] == int.MaxValue) first[i] = 0;
            _function.InlineSites.Add(new InlineSiteData(_sites[i].Symbol, _function.SourceEnd, first[i], Of(_sites[i].Call)));
            _function.SourceEnd += Math.Max(1, end[i] - first[i]);
        }
        foreach ((Inst inst, (int, int) position) in _positions) _function.Link(inst).Source = Of(position);
    }

    private FrameState ParseStates()
    {
        if (!Try("state")) return FrameState.None;
        int tag = (int)Number();
        Expect("[");
        ListRef values = ValueList("]");
        int index = _function.FrameStates.Add(default);
        _function.FrameStates[index] = new FrameStateData(tag, ParseStates(), values);
        return new FrameState(index);
    }

    private void ParseOperands(ref InstData data)
    {
        switch (data.Op.Format())
        {
            case InstFormat.Nullary: break;
            case InstFormat.ConstInt:
                data.Imm = Number();
                if (data.Op == Opcode.Iconst) data.Imm = (long)((ulong)data.Imm & data.Type.Mask());
                break;
            case InstFormat.ConstVector: data.Imm = Vector(); break;
            case InstFormat.Unary:
                data.A = Operand();
                if (data.Op == Opcode.RefAddr) data.Mem = MemFlags.Trusted(AliasClass.Collector);
                break;
            case InstFormat.Binary: Two(ref data); break;
            case InstFormat.Ternary: Two(ref data); Expect(","); data.C = Operand(); break;
            case InstFormat.IntCompare: data.Cond = OneOf(Conditions.IntNames); Two(ref data); break;
            case InstFormat.FloatCompare: data.Cond = OneOf(Conditions.FloatNames); Two(ref data); break;
            case InstFormat.UnaryLane: data.A = Operand(); Expect(","); data.Imm = Number(); break;
            case InstFormat.BinaryLane: Two(ref data); Expect(","); data.Imm = Number(); break;
            case InstFormat.Shuffle: Two(ref data); Expect(","); data.Imm = Vector(); break;
            case InstFormat.Load:
                Address(ref data, ref data.A);
                if (Peek("bound")) data.Bound = checked((ushort)(Entity("bound") + 1));
                break;
            case InstFormat.Store: data.A = Operand(); Expect(","); Address(ref data, ref data.B); break;
            case InstFormat.AtomicRmw:
                data.Cond = OneOf(Conditions.AtomicNames);
                data.B = Operand();
                Expect(",");
                Address(ref data, ref data.A);
                break;
            case InstFormat.AtomicCas:
                data.B = Operand();
                Expect(",");
                data.C = Operand();
                Expect(",");
                Address(ref data, ref data.A);
                break;
            case InstFormat.FuncAddr: data.Imm = Entity("fn"); break;
            case InstFormat.StackAddr:
                data.Imm = (long)Entity("ss") << 32;
                if (Peek("+") || Peek("-")) data.Imm |= (uint)Number();
                break;
            case InstFormat.Trap: data.Mem = new MemFlags(AliasClass.Any, Code()); break;
            case InstFormat.CondTrap: data.A = Operand(); Expect(","); data.Mem = new MemFlags(AliasClass.Any, Code()); break;
            case InstFormat.Call: data.Imm = Entity("fn"); Expect("("); data.List = ValueList(")"); break;
            case InstFormat.CallIndirect:
                data.Imm = Entity("sig");
                Expect(",");
                data.A = Operand();
                Expect("(");
                data.List = ValueList(")");
                break;
            case InstFormat.Jump: data.List = Target(); break;
            case InstFormat.Brif:
                data.A = Operand();
                Expect(",");
                data.List = Target();
                Expect(",");
                data.List2 = Target();
                break;
            case InstFormat.BrTable:
                data.A = Operand();
                while (Try(",")) data.List = _function.Lists.Add(data.List, Target().Handle);
                break;
            case InstFormat.Return:
                if (!Peek("v") || !char.IsAsciiDigit(_text[_position + 1])) break;
                do data.List = _function.Lists.Add(data.List, Operand().Index);
                while (Try(","));
                break;
            default: throw Error($"cannot parse {data.Op}");
        }
        if (data.Op is Opcode.TryCall or Opcode.TryCallIndirect)
        {
            Expect(",");
            data.List3 = Target();
            Expect(",");
            data.List2 = Target();
        }
    }

    private void Two(ref InstData data)
    {
        data.A = Operand();
        Expect(",");
        data.B = Operand();
    }

    private void Address(ref InstData data, ref Value address)
    {
        address = Operand();
        if (Peek("+") || Peek("-")) data.Imm = Number();
        AliasClass alias = AliasClass.Any;
        for (int i = 1; i < MemFlags.AliasNames.Length; i++)
            if (Try(MemFlags.AliasNames[i]))
                alias = (AliasClass)i;
        TrapCode code = TrapCode.None;
        if (!Try("notrap"))
        {
            Expect("trap");
            code = Code();
        }
        data.Mem = new MemFlags(alias, code);
    }

    private TrapCode Code() => TrapCode.TryParse(Word(), out TrapCode code) ? code : throw Error("expected a trap code");

    private byte OneOf(string[] names)
    {
        int index = Array.IndexOf(names, Word());
        return index >= 0 ? (byte)index : throw Error($"expected one of {string.Join(' ', names)}");
    }

    private ListRef Target()
    {
        ListRef list = _function.Lists.Create([BlockName().Index]);
        if (!Try("(")) return list;
        while (!Try(")"))
        {
            Try(",");
            int item = Peek("ret") ? Function.CallResult(Entity("ret")) : Operand().Index;
            list = _function.Lists.Add(list, item);
        }
        return list;
    }

    private ListRef ValueList(string close)
    {
        ListRef list = default;
        while (!Try(close))
        {
            Try(",");
            list = _function.Lists.Add(list, Operand().Index);
        }
        return list;
    }

    private Value Operand()
    {
        int number = Entity("v");
        if (_values.TryGetValue(number, out Value value)) return value;
        // Defined further down in the text: stands for it until the end.
        Value placeholder = _function.DetachedParam(Block.None, IrType.None);
        _forward.Add((placeholder, number, _line));
        return placeholder;
    }

    private void Name(int number, Value value)
    {
        if (!_values.TryAdd(number, value)) throw Error($"v{number} is defined twice");
    }

    private Block BlockName() => _blocks.TryGetValue(Entity("block"), out Block block) ? block : throw Error("no such block");

    private long Vector()
    {
        string word = Word();
        if (!word.StartsWith("0x", StringComparison.Ordinal)
            || !UInt128.TryParse(word.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out UInt128 bits))
            throw Error("expected 0x and 128 bits");
        for (int i = 0; i < _function.Vectors.Count; i++)
            if (_function.Vectors[i] == bits)
                return i;
        return _function.Vectors.Add(bits);
    }

    // Tokens

    private IrType Type() => IrTypes.TryParse(Word(), out IrType type, out _) ? type : throw Error("expected a type");

    private int Entity(string prefix)
    {
        string word = Word();
        if (!word.StartsWith(prefix, StringComparison.Ordinal)
            || !int.TryParse(word.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            throw Error($"expected {prefix}N, found {word}");
        return number;
    }

    private long Number()
    {
        SkipSpace();
        bool negative = false;
        if (_position < _text.Length && _text[_position] is '-' or '+') negative = _text[_position++] == '-';
        string word = Word();
        ulong value;
        bool ok = word.StartsWith("0x", StringComparison.Ordinal)
            ? ulong.TryParse(word.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out value)
            : ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        if (!ok) throw Error($"expected a number, found {word}");
        return negative ? -(long)value : (long)value;
    }

    private string Word()
    {
        SkipSpace();
        int start = _position;
        while (_position < _text.Length && (char.IsAsciiLetterOrDigit(_text[_position]) || _text[_position] == '_')) _position++;
        if (start == _position) throw Error("expected a word");
        return _text[start.._position];
    }

    private bool Peek(string token)
    {
        SkipSpace();
        return _text.AsSpan(_position).StartsWith(token, StringComparison.Ordinal);
    }

    private bool Try(string token)
    {
        if (!Peek(token)) return false;
        int end = _position + token.Length;
        if (char.IsAsciiLetter(token[0]) && end < _text.Length && (char.IsAsciiLetterOrDigit(_text[end]) || _text[end] == '_')) return false;
        _position = end;
        return true;
    }

    private void Expect(string token)
    {
        if (!Try(token)) throw Error($"expected '{token}'");
    }

    private void SkipSpace()
    {
        for (; _position < _text.Length; _position++)
        {
            char c = _text[_position];
            if (c == '\n') _line++;
            if (c == ';')
            {
                while (_position + 1 < _text.Length && _text[_position + 1] != '\n') _position++;
                continue;
            }
            if (!char.IsWhiteSpace(c)) return;
        }
    }

    private IrSyntaxException Error(string message) => new(_line, message);
}
