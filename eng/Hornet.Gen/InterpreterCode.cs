using System.Text;
using System.Text.RegularExpressions;

/// <summary>One instruction of the interpreter: its name and its body in the macro language of interpreter.handlers.</summary>
sealed record Handler(string Name, string[] Body);

/// <summary>
/// The interpreter's instructions: hand-written ones and those that wasm.ops implies, as an enum, threaded handlers and a switch.
/// </summary>
static partial class InterpreterCode
{
    const string Signature = "byte* ip, byte* fp, byte* mem, ulong len, VmContext* vm, Machine* m";
    const string Arguments = "ip, fp, mem, len, vm, m";
    const string Pointer = "delegate*<byte*, byte*, byte*, ulong, VmContext*, Machine*, nint>";

    static readonly Dictionary<char, (string Slot, string Type)> Letters = new()
    {
        ['i'] = ("SI", "int"), ['l'] = ("SL", "long"), ['f'] = ("SF", "float"), ['d'] = ("SD", "double"), ['v'] = ("SV", "Vector128<byte>"),
    };

    /// <summary>The C# expression for the bytes at `p` of each scalar load, and the type that each store writes.</summary>
    static readonly Dictionary<string, string> Loads = new()
    {
        ["i32.load"] = "*(int*)", ["i64.load"] = "*(long*)", ["f32.load"] = "*(int*)", ["f64.load"] = "*(long*)",
        ["i32.load8_s"] = "*(sbyte*)", ["i32.load8_u"] = "*(byte*)", ["i32.load16_s"] = "*(short*)", ["i32.load16_u"] = "*(ushort*)",
        ["i64.load8_s"] = "*(sbyte*)", ["i64.load8_u"] = "*(byte*)", ["i64.load16_s"] = "*(short*)", ["i64.load16_u"] = "*(ushort*)",
        ["i64.load32_s"] = "*(int*)", ["i64.load32_u"] = "*(uint*)", ["v128.load"] = "*(Vector128<byte>*)",
    };

    static readonly Dictionary<string, string> Stores = new()
    {
        ["i32.store"] = "int", ["i64.store"] = "long", ["f32.store"] = "int", ["f64.store"] = "long",
        ["i32.store8"] = "byte", ["i32.store16"] = "short", ["i64.store8"] = "byte", ["i64.store16"] = "short", ["i64.store32"] = "int",
        ["v128.store"] = "Vector128<byte>",
    };

    public static List<Handler> HandWritten(string path)
    {
        List<Handler> handlers = [];
        List<string> body = [];
        string? name = null;
        foreach (string line in File.ReadLines(path).Append("End"))
        {
            if (line.StartsWith('#') || line.Length == 0) continue;
            if (line[0] == ' ')
            {
                body.Add(line[4..]);
                continue;
            }
            if (name is not null) handlers.Add(new(name, [.. body]));
            name = line;
            body.Clear();
        }
        return handlers;
    }

    static bool IsScalar(OperatorRow r) => r.Operands is { } o && !(o + r.Results).Contains('v') && r.Results!.Length <= 1;

    /// <summary>Comparisons have forms that branch.</summary>
    public static bool IsComparison(OperatorRow r) => IsScalar(r) && r.Class == "numeric" && r.Operands!.Length == 2 && r.Results == "i" &&
        Regex.IsMatch(r.Mnemonic, @"^[if]\d\d\.(eq|ne|[lg][te])(_[su])?$");

    /// <summary>The instructions of one row, in the order that the translator counts on (Forms.cs).</summary>
    public static IEnumerable<Handler> FromRow(OperatorRow r)
    {
        switch (r.Class)
        {
            case "numeric" or "trapping" when IsScalar(r) && r.Operands!.Length == 1:
                yield return new(r.Name + "_S", Compute(r, Slot(r.Operands[0], 12), null, 16));
                break;
            case "numeric" or "trapping" when IsScalar(r) && r.Operands!.Length == 2:
                char a = r.Operands[0], b = r.Operands[1];
                yield return new(r.Name + "_SS", Compute(r, Slot(a, 12), Slot(b, 16), 20));
                yield return new(r.Name + "_SI", Compute(r, Slot(a, 12), Constant(b, 16), 16 + Size(b)));
                yield return new(r.Name + "_IS", Compute(r, Constant(a, 16), Slot(b, 12), 16 + Size(a)));
                if (!IsComparison(r)) break;
                foreach ((string name, string test) in new[] { ("BrIf", "!= 0"), ("BrUnless", "== 0") })
                {
                    yield return new($"{name}{r.Name}_SS", Branch(r, Slot(a, 8), Slot(b, 12), test, 16));
                    yield return new($"{name}{r.Name}_SI", Branch(r, Slot(a, 8), Constant(b, 12), test, 12 + Size(b)));
                    yield return new($"{name}{r.Name}_IS", Branch(r, Constant(a, 12), Slot(b, 8), test, 12 + Size(a)));
                }
                if (a != 'i') break;
                // A counter's step, its comparison and the branch back.
                foreach ((string step, string x) in new[] { ("SS", "SI(16)"), ("SI", "I(16)") })
                    foreach ((string form, string y) in new[] { ("SS", "SI(20)"), ("SI", "I(20)") })
                        yield return new($"Add{step}BrIf{r.Name}_{form}", [$"int v = SI(12) + {x};", "SI(8) = v;", $"if (Semantics.{r.Name}(v, {y}) != 0) {{ JUMP(24) }}", "NEXT(28)"]);
                break;
            case "numeric" when r.Results is { Length: 1 } && !IsScalar(r):
                List<string> arguments = Vectors(r, 12, out int end);
                yield return new(r.Name, [$"{Slot(r.Results[0], 8)} = Semantics.{r.Name}({string.Join(", ", arguments)});", $"NEXT({end})"]);
                break;
            case "load" when Loads.TryGetValue(r.Mnemonic, out string? read):
                string d = Load(r);
                yield return new(r.Name + "_S", [Address(r, "(uint)SI(12) + (ulong)U(16)"), $"{d}(8) = {read}(mem + ea);", "NEXT(20)"]);
                yield return new(r.Name + "_I", [Address(r, "(ulong)L(12)"), $"{d}(8) = {read}(mem + ea);", "NEXT(20)"]);
                yield return new(r.Name + "_S64", [Address64(r, 12, 16), $"{d}(8) = {read}(mem + ea);", "NEXT(24)"]);
                yield return new(r.Name + "_A", [Address(r, "(uint)(SI(12) + SI(16)) + (ulong)U(20)"), $"{d}(8) = {read}(mem + ea);", "NEXT(24)"]);
                yield return new(r.Name + "_AI", [Address(r, "(uint)(SI(12) + I(16)) + (ulong)U(20)"), $"{d}(8) = {read}(mem + ea);", "NEXT(24)"]);
                break;
            case "store" when Stores.TryGetValue(r.Mnemonic, out string? type):
                char v = r.Operands![1];
                string slot = v is 'f' ? "SI" : v is 'd' ? "SL" : Letters[v].Slot;
                string value = $"({type})({slot}(12))", constant = v is 'l' or 'd' ? $"({type})(L(20))" : $"({type})(I(20))";
                yield return new(r.Name + "_SS", [Address(r, "(uint)SI(8) + (ulong)U(16)"), $"*({type}*)(mem + ea) = {value};", "NEXT(20)"]);
                yield return new(r.Name + "_IS", [Address(r, "(ulong)L(16)"), $"*({type}*)(mem + ea) = {value};", "NEXT(24)"]);
                yield return new(r.Name + "_S64", [Address64(r, 8, 16), $"*({type}*)(mem + ea) = {value};", "NEXT(24)"]);
                yield return new(r.Name + "_A", [Address(r, "(uint)(SI(8) + SI(16)) + (ulong)U(20)"), $"*({type}*)(mem + ea) = {value};", "NEXT(24)"]);
                yield return new(r.Name + "_AI", [Address(r, "(uint)(SI(8) + I(16)) + (ulong)U(20)"), $"*({type}*)(mem + ea) = {value};", "NEXT(24)"]);
                if (v == 'v') break;
                yield return new(r.Name + "_SI", [Address(r, "(uint)SI(8) + (ulong)U(16)"), $"*({type}*)(mem + ea) = {constant};", $"NEXT({20 + Size(v)})"]);
                break;
        }
    }

    /// <summary>
    /// Computations whose one operand has just been made by another, measured to be frequent: outer, inner, the inner's form, and which
    /// operand of the outer it is (0: either). The result is field 8, the inner's operands 12 and 16, the outer's other one 20.
    /// </summary>
    static readonly (string Outer, string Inner, string Form, int Operand)[] Pairs =
    [
        ("i32.add", "i32.add", "SS", 0), ("i32.add", "i32.mul", "SS", 0), ("i32.add", "i32.and", "SS", 0), ("i32.add", "i32.xor", "SS", 0),
        ("i32.add", "i32.shl", "SI", 0), ("i32.add", "i32.mul", "SI", 0), ("i32.add", "i32.load", "S", 0), ("i32.sub", "i32.mul", "SS", 2), ("i32.sub", "i32.mul", "SI", 2),
        ("i32.xor", "i32.rotl", "SI", 0), ("i32.xor", "i32.shr_u", "SI", 0), ("i32.xor", "i32.shl", "SI", 0), ("i32.xor", "i32.and", "SS", 0), ("i32.xor", "i32.xor", "SS", 0),
        ("i32.or", "i32.shl", "SI", 0), ("i32.or", "i32.shr_u", "SI", 0), ("i32.or", "i32.and", "SS", 0),
        ("f64.add", "f64.mul", "SS", 1), ("f64.add", "f64.mul", "SS", 2), ("f64.sub", "f64.mul", "SS", 1), ("f64.sub", "f64.mul", "SS", 2), ("f64.mul", "f64.mul", "SS", 2),
        ("f64.add", "f64.add", "SS", 1), ("f64.add", "f64.add", "SS", 2), ("f64.mul", "f64.sub", "SS", 1),
        ("f64.add", "f64.load", "S", 2), ("f64.sub", "f64.load", "S", 2), ("f64.mul", "f64.load", "S", 2),
        ("f32.add", "f32.mul", "SS", 1), ("f32.add", "f32.mul", "SS", 2), ("f32.sub", "f32.mul", "SS", 2), ("f32.mul", "f32.load", "S", 2), ("f32.add", "f32.load", "S", 2),
    ];

    static IEnumerable<(Handler Handler, string Key)> FromPairs(List<OperatorRow> rows)
    {
        foreach ((string outer, string inner, string form, int operand) in Pairs)
        {
            OperatorRow o = rows.First(r => r.Mnemonic == outer), i = rows.First(r => r.Mnemonic == inner);
            char letter = o.Operands![0];
            string other = Slot(letter, 20);
            List<string> body = [];
            string made;
            if (i.Class == "load")
            {
                body.Add(Address(i, "(uint)SI(12) + (ulong)U(16)"));
                made = $"*({Letters[letter].Type}*)(mem + ea)";
            }
            else made = $"Semantics.{i.Name}({Slot(letter, 12)}, {(form == "SS" ? Slot(letter, 16) : Constant(letter, 16))})";
            body.Add($"{Slot(letter, 8)} = Semantics.{o.Name}({(operand == 1 ? $"{made}, {other}" : $"{other}, {made}")});");
            body.Add("NEXT(24)");
            string name = $"{o.Name}_{i.Name}{form}{(operand == 1 ? "Left" : "")}";
            string forms = $"(Op.{o.Name}, Op.{i.Name}, {(form == "SI" ? "SlotConst" : "Slots")}, ";
            foreach (int at in operand == 0 ? [1, 2] : new[] { operand }) yield return (new(name, [.. body]), $"{forms}{at})");
        }
    }

    static IEnumerable<Handler> Fused(List<OperatorRow> rows) => FromPairs(rows).Select(p => p.Handler).DistinctBy(h => h.Name);

    static string Load(OperatorRow r) => r.Results switch { "f" => "SI", "d" => "SL", { } s => Letters[s[0]].Slot, _ => "" };

    static int Size(char letter) => letter is 'l' or 'd' ? 8 : 4;

    static string Slot(char letter, int at) => $"{Letters[letter].Slot}({at})";

    static string Constant(char letter, int at) => $"*({Letters[letter].Type}*)(ip + {at})";

    static string[] Compute(OperatorRow r, string a, string? b, int size)
    {
        string arguments = b is null ? a : $"{a}, {b}", d = Slot(r.Results![0], 8);
        return r.Class == "numeric"
            ? [$"{d} = Semantics.{r.Name}({arguments});", $"NEXT({size})"]
            : [$"TrapCode t = Semantics.{r.Name}({arguments}, out {d});", "if (t != TrapCode.None) { m->TrapCode = t; SLOW(Trap) }", $"NEXT({size})"];
    }

    static string[] Branch(OperatorRow r, string a, string b, string test, int target) =>
        [$"if (Semantics.{r.Name}({a}, {b}) {test}) {{ JUMP({target}) }}", $"NEXT({target + 4})"];

    static int AccessBytes(OperatorRow r) => int.Parse(r.Shape[3..]) / 8;

    static string Address(OperatorRow r, string address) =>
        $"ulong ea = {address}; if (ea + {AccessBytes(r)} > len) {{ m->Length = len; SLOW(OutOfBounds) }}";

    // The sum has 65 bits: it is out of bounds where it wraps.
    static string Address64(OperatorRow r, int slot, int offset) =>
        $"ulong ea = (ulong)SL({slot}) + (ulong)L({offset}); if (ea < (ulong)L({offset}) || ea > len || len - ea < {AccessBytes(r)}) {{ m->Length = len; SLOW(OutOfBounds) }}";

    static string Expand(string line, bool threaded)
    {
        line = line.Replace("ENTER", """
            byte* entry = *(byte**)r->InterpreterEntry;
            m->Callee = r;
            if (entry == null) { m->Frame = n; m->ReturnIp = ret; SLOW(TranslateCallee) }
            if (n + *(int*)(entry - 8) > m->Limit) { TRAP(StackOverflow) }
            *(byte**)n = ret;
            *(byte**)(n + 8) = fp;
            *(VmContext**)(n + 16) = vm;
            fp = n;
            ip = entry;
            VmContext* c = r->Context;
            if (c != vm && c != null)
            {
                vm = c;
                mem = c->Memory0->Base;
                len = c->Memory0->Length;
            }
            NEXT(0)
            """).Replace("LEAVE", """
            VmContext* c = *(VmContext**)(fp + 16);
            ip = *(byte**)fp;
            fp = *(byte**)(fp + 8);
            if (c != vm)
            {
                vm = c;
                mem = c->Memory0->Base;
                len = c->Memory0->Length;
            }
            """);
        line = Regex.Replace(line, @"\bTRAP\((\w+)\)", "{ m->TrapCode = TrapCode.$1; SLOW(Trap) }");
        line = Regex.Replace(line, @"\bJUMP\((\d+)\)", m => m.Groups[1].Value == "0" ? "ip += *(int*)ip; NEXT(0)" : $"ip += {m.Groups[1].Value} + *(int*)(ip + {m.Groups[1].Value}); NEXT(0)");
        line = Regex.Replace(line, @"\bS([ILFDV])\((\d+)\)", m => $"*({m.Groups[1].Value[0] switch { 'I' => "int", 'L' => "long", 'F' => "float", 'D' => "double", _ => "Vector128<byte>" }}*)(fp + *(int*)(ip + {m.Groups[2].Value}))");
        line = Regex.Replace(line, @"\b([IULP])\((\d+)\)", m => $"*({m.Groups[1].Value[0] switch { 'I' => "int", 'U' => "uint", 'L' => "long", _ => "nint" }}*)(ip + {m.Groups[2].Value})");
        line = Regex.Replace(line, @"\bSLOW\((\w+)\)", threaded ? $"return {"$1"}({Arguments});" : "{ m->Leaf = &Leaves.$1; goto slow; }");
        return Regex.Replace(line, @"\bNEXT\((\d+)\)", m =>
        {
            string step = m.Groups[1].Value == "0" ? "" : $"ip += {m.Groups[1].Value}; ";
            return threaded ? $"{step}return ((Handler)(*(nint*)ip))({Arguments});" : $"{step}continue;";
        });
    }

    static IEnumerable<string> SlowPaths(IEnumerable<Handler> handlers) =>
        handlers.SelectMany(h => h.Body).SelectMany(l => Regex.Matches(Expand(l, true), @"return (\w+)\(ip, fp").Select(m => m.Groups[1].Value)).Distinct().Order(StringComparer.Ordinal);

    public static string Enum(List<OperatorRow> rows, List<Handler> hand)
    {
        StringBuilder s = new(Program.Header);
        s.Append("namespace Hornet.Runtime;\n\n/// <summary>The interpreter's instructions.</summary>\ninternal enum Code : ushort\n{\n");
        foreach (Handler h in hand) s.Append($"    {h.Name},\n");
        List<(OperatorRow Row, string First)> first = [];
        foreach (OperatorRow r in rows)
        {
            Handler[] made = [.. FromRow(r)];
            if (made.Length == 0) continue;
            first.Add((r, made[0].Name));
            s.Append("    " + string.Join(", ", made.Select(h => h.Name)) + ",\n");
        }
        foreach (Handler h in Fused(rows)) s.Append($"    {h.Name},\n");
        s.Append("    Count,\n}\n\ninternal static partial class Forms\n{\n    /// <summary>The instruction for an operator of which one operand (1 or 2) has just been made by another; Br where there is none.</summary>\n");
        s.Append("    public static Code Fused(Hornet.Wasm.Op outer, Hornet.Wasm.Op inner, int form, int operand) => (outer, inner, form, operand) switch\n    {\n");
        foreach ((Handler h, string key) in FromPairs(rows)) s.Append($"        {key.Replace("Op.", "Hornet.Wasm.Op.")} => Code.{h.Name},\n");
        s.Append("        _ => Code.Br,\n    };\n\n    /// <summary>The first instruction of an operator's family, 0 where it has none.</summary>\n    static ReadOnlySpan<ushort> First =>\n    [\n");
        int count = rows.Max(r => r.Op) + 1;
        Dictionary<int, string> names = first.ToDictionary(f => f.Row.Op, f => f.First);
        for (int i = 0; i < count; i += 4)
            s.Append("        " + string.Join(", ", Enumerable.Range(i, Math.Min(4, count - i)).Select(o => names.TryGetValue(o, out string? n) ? $"(ushort)Code.{n}" : "0")) + ",\n");
        return s.Append("    ];\n}\n").ToString();
    }

    public static string Threaded(List<OperatorRow> rows, List<Handler> hand)
    {
        Handler[] all = [.. hand, .. rows.SelectMany(FromRow), .. Fused(rows)];
        StringBuilder s = new(Program.Header);
        s.Append("#pragma warning disable CS0162 // unreachable code after a macro that leaves\nusing System.Runtime.CompilerServices;\nusing System.Runtime.Intrinsics;\nusing Hornet.Base;\n");
        s.Append($"using unsafe Handler = {Pointer.Replace("VmContext", "Hornet.Runtime.VmContext").Replace("Machine", "Hornet.Runtime.Machine")};\n\n");
        s.Append("namespace Hornet.Runtime;\n\n// The threaded form: every method is one instruction and ends by jumping to the next. The class's name is known to the\n// NativeAOT compiler: in a class of this name, function pointers are plain addresses, tested for no generic context at each call.\ninternal static unsafe class RawCalliHelper\n{\n");
        s.Append("    /// <summary>Address of each instruction's handler.</summary>\n    public static nint[] Addresses()\n    {\n        nint[] a = new nint[(int)Code.Count];\n");
        foreach (Handler h in all) s.Append($"        a[(int)Code.{h.Name}] = (nint)(Handler)(&{h.Name});\n");
        s.Append("        return a;\n    }\n");
        foreach (Handler h in all)
        {
            s.Append($"\n    [MethodImpl(MethodImplOptions.AggressiveOptimization), SkipLocalsInit]\n    static nint {h.Name}({Signature})\n    {{\n");
            Append(s, h, threaded: true, "        ");
            s.Append("    }\n");
        }
        foreach (string slow in SlowPaths(all))
        {
            // Not marked against inlining: from a method with that mark no call is made a jump (coreclr, CEEInfo::canTailCall), and frames would pile up.
            s.Append($"\n    [MethodImpl(MethodImplOptions.AggressiveOptimization), SkipLocalsInit]\n    static nint {slow}({Signature})\n    {{\n");
            Append(s, new(slow, ["m->Fp = fp;", "m->Vm = vm;", $"ip = Leaves.{slow}(ip, fp, m);", "if (ip == null) { return m->Status; }", "fp = m->Fp;", "vm = m->Vm;", "mem = vm->Memory0->Base;", "len = vm->Memory0->Length;", "NEXT(0)"]), true, "        ");
            s.Append("    }\n");
        }
        return s.Append("}\n").ToString();
    }

    public static string Switch(List<OperatorRow> rows, List<Handler> hand)
    {
        StringBuilder s = new(Program.Header);
        s.Append("#pragma warning disable CS0162 // unreachable code after a macro that leaves\nusing System.Runtime.CompilerServices;\nusing System.Runtime.Intrinsics;\nusing Hornet.Base;\n\nnamespace Hornet.Runtime;\n\n");
        s.Append($"// The switch form: for where a call in tail position is not a jump.\ninternal static unsafe class Switch\n{{\n    [SkipLocalsInit]\n    public static nint Run({Signature})\n    {{\n        while (true)\n        {{\n            switch ((Code)(*(nint*)ip))\n            {{\n");
        foreach (Handler h in hand.Concat(rows.SelectMany(FromRow)).Concat(Fused(rows)))
        {
            s.Append($"                case Code.{h.Name}:\n                {{\n");
            Append(s, h, threaded: false, "                    ");
            s.Append("                }\n");
        }
        s.Append("""
                            default:
                                throw new InvalidOperationException($"no instruction {*(nint*)ip}");
                        }
                    slow:
                        m->Fp = fp;
                        m->Vm = vm;
                        ip = m->Leaf(ip, fp, m);
                        if (ip == null) return m->Status;
                        fp = m->Fp;
                        vm = m->Vm;
                        mem = vm->Memory0->Base;
                        len = vm->Memory0->Length;
                    }
                }
            }

            """);
        return s.ToString();
    }

    // Operands, then a lane or a shuffle's pattern.
    static List<string> Vectors(OperatorRow r, int at, out int end)
    {
        List<string> arguments = [];
        foreach (char letter in r.Operands!)
        {
            arguments.Add(Slot(letter, at));
            at += 4;
        }
        if (r.Shape.StartsWith("lane", StringComparison.Ordinal))
        {
            arguments.Add($"*(byte*)(ip + {at})");
            at += 4;
        }
        if (r.Shape == "shuffle")
        {
            arguments.Add($"*(Vector128<byte>*)(ip + {at})");
            at += 16;
        }
        end = at;
        return arguments;
    }

    /// <summary>Leaves for what has two results. Fields: results, operands.</summary>
    public static string Leaves(List<OperatorRow> rows)
    {
        OperatorRow[] own = [.. rows.Where(r => r.Class == "numeric" && r.Results!.Length == 2)];
        StringBuilder s = new(Program.Header);
        s.Append("using System.Runtime.CompilerServices;\nusing Hornet.Base;\nusing Hornet.Wasm;\n\nnamespace Hornet.Runtime;\n\n");
        s.Append("internal static unsafe class WideLeaves\n{\n    /// <summary>The leaf of an operator.</summary>\n    public static delegate*<byte*, byte*, Machine*, byte*> Of(Op op) => op switch\n    {\n");
        foreach (OperatorRow r in own) s.Append($"        Op.{r.Name} => &{r.Name},\n");
        s.Append("        _ => throw new InvalidOperationException($\"no leaf: {op}\"),\n    };\n");
        foreach (OperatorRow r in own)
        {
            string arguments = string.Join(", ", Vectors(r, 24, out int end));
            s.Append($"\n    [SkipLocalsInit]\n    static byte* {r.Name}(byte* ip, byte* fp, Machine* m)\n    {{\n");
            s.Append(Expand($"        Semantics.{r.Name}({arguments}, out long low, out long high);\n        SL(16) = low;\n        SL(20) = high;\n        return ip + {end};\n    }}\n", true));
        }
        return s.Append("}\n").ToString();
    }

    static void Append(StringBuilder s, Handler h, bool threaded, string indent)
    {
        foreach (string line in h.Body)
            foreach (string expanded in Expand(line, threaded).Split('\n')) s.Append(indent).Append(expanded).Append('\n');
    }
}
