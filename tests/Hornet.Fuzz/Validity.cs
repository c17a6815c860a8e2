using Hornet.Base;
using Hornet.Wasm;
using W = Wasmtime;

namespace Hornet.Fuzz;

/// <summary>Modules that are nearly valid: one thing is changed in a valid one. Mostly they break a rule, and sometimes none.</summary>
public static class NearlyValid
{
    static readonly Op[] s_simple =
    [
        .. Opcodes.All.ToArray().Select(o => (Op)o).Where(o => (Opcodes.FeatureOf(o) & Features.LegacyExceptions) == 0
            && Opcodes.ShapeOf(o) is not (Shape.Invalid or Shape.BrTable or Shape.Select or Shape.TryTable or Shape.Block) && o is not (Op.End or Op.Else)),
    ];

    public static byte[] Of(byte[] module, Decisions d)
    {
        ModuleEnvironment env = ModuleDecoder.Decode(module);
        ByteBuffer source = new();
        source.Append(module);
        for (int left = 1 + d.Below(2); left > 0; left--)
        {
            if (d.Below(3) < 2 && env.Bodies.Count > 0) ChangeBody(env, source, d);
            else ChangeItem(env, source, d);
        }
        byte[] bytes;
        try
        {
            bytes = ModuleWriter.Encode(env, source.ToArray());
        }
        catch (ArgumentException)
        {
            // The writer refuses what it cannot say.
            return module;
        }
        if (d.OnceIn(20)) bytes[8 + d.Below(bytes.Length - 8)] ^= (byte)(1 << d.Below(8));
        return bytes;
    }

    static void ChangeBody(ModuleEnvironment env, ByteBuffer source, Decisions d)
    {
        int index = d.Below(env.Bodies.Count);
        ByteRange body = env.Bodies[index].Bytes;
        byte[] bytes = source.Written.Slice(body.Offset, body.Length).ToArray();
        List<Operator> operators = [];
        int first;
        try
        {
            FunctionBodyReader reader = new(new(bytes, 0));
            while (reader.TryReadLocals(out _, out _)) { }
            OperatorReader code = reader.Operators;
            first = code.Offset;
            Operator read = default;
            while (!code.AtEnd)
            {
                code.Read(ref read);
                operators.Add(read);
            }
        }
        catch (WasmFormatException)
        {
            return;
        }
        if (operators.Count < 2) return;
        int at = d.Below(operators.Count - 1), end = operators[at + 1].Offset, start = operators[at].Offset;
        ByteBuffer changed = new();
        changed.Append(bytes.AsSpan(0, start));
        switch (d.Below(6))
        {
            case 0: break;                                                                     // left out
            case 1:                                                                            // twice
                changed.Append(bytes.AsSpan(start, end - start));
                changed.Append(bytes.AsSpan(start, end - start));
                break;
            case 2:                                                                            // another operator
                changed.Operator(AsTailCall(operators[at]) is { } tail && d.Below(4) > 0 ? tail : Some(d));
                break;
            case 3:                                                                            // one more
                changed.Operator(Some(d));
                changed.Append(bytes.AsSpan(start, end - start));
                break;
            case 4:                                                                            // another immediate
                Operator other = operators[at];
                if (Opcodes.ShapeOf(other.Op) is Shape.BrTable or Shape.Select or Shape.TryTable) return;
                Change(ref other, d);
                changed.Operator(other);
                break;
            default:                                                                           // a byte of it
                changed.Append(bytes.AsSpan(start, end - start));
                byte[] copy = changed.ToArray();
                copy[start + d.Below(end - start)] ^= (byte)(1 << d.Below(8));
                changed.Clear();
                changed.Append(copy);
                break;
        }
        changed.Append(bytes.AsSpan(end));
        env.Bodies[index] = env.Bodies[index] with { Bytes = source.Gather(b => b.Append(changed.Written)) };
    }

    // The types may not allow it here.
    static Operator? AsTailCall(Operator call)
    {
        Op? tail = call.Op switch
        {
            Op.Call => Op.ReturnCall,
            Op.CallIndirect => Op.ReturnCallIndirect,
            Op.CallRef => Op.ReturnCallRef,
            _ => null,
        };
        return tail is { } op ? call with { Op = op } : null;
    }

    static Operator Some(Decisions d)
    {
        Operator o = new() { Op = d.Of(s_simple) };
        Change(ref o, d);
        return o;
    }

    static void Change(ref Operator o, Decisions d)
    {
        o.A = (uint)d.Below(4);
        o.B = (uint)d.Below(4);
        o.Imm = d.OnceIn(4) ? d.Bits64() : (ulong)d.Below(40);
        if (Opcodes.ShapeOf(o.Op) == Shape.Shuffle && d.OnceIn(2)) o.Imm &= 0x1F1F1F1F1F1F1F1F;
        if (Opcodes.ShapeOf(o.Op) is Shape.I32 or Shape.F32) o.Imm = (uint)o.Imm;
        o.Lane = (byte)d.Below(Bodies.Lanes(Opcodes.ShapeOf(o.Op)) + 2);
        o.Heap = d.Of((HeapType[])[HeapType.Func, HeapType.Extern, HeapType.Any, HeapType.Eq, HeapType.I31, HeapType.None]);
        o.BlockType = d.OnceIn(2) ? BlockType.Empty : BlockType.Of(d.Of(Bodies.Types));
    }

    static void ChangeItem(ModuleEnvironment env, ByteBuffer source, Decisions d)
    {
        switch (d.Below(12))
        {
            case 0 when env.Exports.Count > 1:
                env.Exports[d.Below(env.Exports.Count)] = env.Exports[0];
                break;
            case 1 when env.Exports.Count > 0:
                int export = d.Below(env.Exports.Count);
                env.Exports[export] = env.Exports[export] with { Index = d.Below(8) };
                break;
            case 2 when env.Memories.Count > 0:
                env.Memories[0] = env.Memories[0] with { Limits = SomeLimits(d) };
                break;
            case 3 when env.Tables.Count > 0:
                env.Tables[0] = env.Tables[0] with { Limits = SomeLimits(d) };
                break;
            case 4 when env.Globals.Count > 0:
                int global = d.Below(env.Globals.Count);
                env.Globals[global] = env.Globals[global] with { IsMutable = !env.Globals[global].IsMutable };
                break;
            case 5 when env.Globals.Count > 0:
                global = d.Below(env.Globals.Count);
                env.Globals[global] = env.Globals[global] with { Type = d.Of(Bodies.Types) };
                break;
            case 6 when env.Functions.Count > 1:
                env.Functions[1 + d.Below(env.Functions.Count - 1)] = d.Below(env.Types.Count + 1);
                break;
            case 7:
                env.Start = d.Below(env.Functions.Count + 1);
                break;
            case 8 when env.Elems.Count > 0:
                env.Elems[0] = env.Elems[0] with { Table = d.Below(2), Mode = (SegmentMode)d.Below(3) };
                break;
            case 9 when env.Datas.Count > 0:
                env.Datas[0] = env.Datas[0] with { Memory = d.Below(3), Mode = (SegmentMode)d.Below(2) };
                break;
            case 10 when env.Datas.Count > 0:
                env.DataCount = d.Below(4);
                break;
            case 11 when env.GlobalInits.Count > 0:
                ByteBuffer init = new();
                if (d.OnceIn(3)) init.Indexed(Op.GlobalGet, d.Below(4));
                else init.Operator(Some(d));
                init.Opcode(Op.End);
                env.GlobalInits[d.Below(env.GlobalInits.Count)] = new(source.Gather(b => b.Append(init.Written)));
                break;
            default:
                env.Types.Add(new FuncType([d.Of(Bodies.Types)], []));
                env.RecGroupStart.Add(env.Types.Count - 1);
                break;
        }
    }

    static Limits SomeLimits(Decisions d)
    {
        ulong[] sizes = [0, 1, 2, 65535, 65536, 65537, 1UL << 32, uint.MaxValue, 1UL << 48];
        return new(d.Of(sizes), d.OnceIn(2) ? null : d.Of(sizes));
    }
}

/// <summary>Whether a module is valid, according to Hornet and to Wasmtime.</summary>
public sealed class ValidityOracle : IDisposable
{
    // What this Wasmtime has no switch for.
    const Features Compared = Features.Default & ~Features.CustomPageSizes;

    readonly W.Engine _wasmtime = new(new W.Config().WithMemory64(true).WithMultiMemory(true).WithTailCalls(true).WithFunctionReferences(true).WithGc(true).WithExceptions(true)
        .WithWideArithmetic(true).WithRelaxedSIMD(true, true).WithWasmThreads(true));

    /// <summary>The difference, or null.</summary>
    public string? Judge(byte[] module)
    {
        string? ours = null;
        try
        {
            ModuleValidator.Validate(module, Compared);
        }
        catch (WasmFormatException e)
        {
            ours = e.Message;
        }
        string? theirs = W.Module.Validate(_wasmtime, module);
        if (ours is null == theirs is null) return null;
        return ours is null ? $"validity: valid  |  Wasmtime: {theirs}" : $"validity: {ours}  |  Wasmtime: valid";
    }

    public void Dispose() => _wasmtime.Dispose();
}
