using Hornet.Base;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>
/// Puts the code of small functions in the place of calls. A callee without branches goes before what follows the call; otherwise the
/// block is split there, and what the callee returns becomes the parameters of the second half. In the place of a <c>try_call</c> the
/// callee's own calls become <c>try_call</c>s with the same handler. Each call that is inlined becomes a site
/// (<see cref="InlineSiteData"/>), so that the positions of the callee's code still say whose they are.
///
/// What is inlined depends on sizes before all passes, on where the call stands and on the sites around it, never on what was compiled
/// before. Blocks are read from their end, so that what follows a call is moved once, however many calls there are.
/// </summary>
internal static class Inlining
{
    // A callee that has calls itself saves less: the registers around them are lost anyway.
    private const int MostSize = 24, MostWithCalls = 3, MostForSize = 4;
    private const int MostDepth = 4;
    // What a function may grow by, in instructions: something, and half of what it is.
    private const int Growth = 300, MostGrowth = 30_000;

    public static bool Run(Function f, PassContext c)
    {
        if (c.Callees is not { } callees) return false;
        int most = c.ForSize ? MostForSize : MostSize;
        bool some = false;
        foreach (ExternalFunction callee in f.Functions.AsSpan()) some |= callee.Symbol != f.Symbol && callees.MayBeSmall(callee.Symbol, most);
        if (!some) return false;
        c.Flow.Compute(f);
        BlockLayout.MarkCold(f, c);
        FlatList<int> work = c.Work;
        work.Clear();
        for (int i = c.Flow.Order.Length - 1; i >= 0; i--) work.Add(c.Flow.Order[i]);
        int budget = Math.Min(MostGrowth, f.Insts.Count / 2 + Growth);
        bool changed = false, tried = false;
        while (work.Count > 0)
        {
            var block = new Block(work.Pop());
            // Where the program ends anyway, or something was thrown, nobody waits for a call.
            if (f[block].Cold) continue;
            for (Inst at = f[block].Last; !at.IsNone;)
            {
                Inst next = f.Link(at).Next;
                if (f[at].Op is not (Opcode.Call or Opcode.TryCall or Opcode.ReturnCall) || !IsWanted(f, c, at, most, ref budget))
                {
                    at = f.Link(at).Prev;
                    continue;
                }
                tried |= f[at].Op == Opcode.TryCall;
                bool straight = f[at].Op == Opcode.Call && IsStraight(c.Callee);
                Splice(f, c, at, straight);
                changed = true;
                // The callee's calls are calls of this function now.
                at = straight ? f.Link(next).Prev : f[block].Last;
            }
        }
        // A callee that throws nothing leaves a handler that nothing goes to.
        if (tried) Branches.RemoveUnreachable(f, c);
        return changed;
    }

    /// <summary>What code costs, in instructions that do something.</summary>
    public static int SizeOf(Function f)
    {
        int size = 0;
        for (Block block = f.FirstBlock; !block.IsNone; block = f[block].Next)
            for (Inst inst = f[block].First; !inst.IsNone; inst = f.Link(inst).Next)
                if (f[inst].Op is not (Opcode.Iconst or Opcode.F32const or Opcode.F64const or Opcode.Vconst or Opcode.VmContext or Opcode.Jump or Opcode.Return)) size++;
        return size;
    }

    /// <summary>Decides, and leaves the callee in the context.</summary>
    private static bool IsWanted(Function f, PassContext c, Inst call, int most, ref int budget)
    {
        int symbol = f.Functions[(int)f[call].Imm].Symbol;
        if (symbol == f.Symbol || !c.Callees!.MayBeSmall(symbol, most)) return false;
        int depth = 0;
        for (InlineSite site = f.SiteOf(f.Link(call).Source); !site.IsNone; site = f.SiteOf(f.InlineSites[site.Index].Call))
            if (++depth == MostDepth || f.InlineSites[site.Index].Symbol == symbol) return false;
        if (c.Callees.Build(symbol, most) is not { } g) return false;
        int size = SizeOf(g);
        if (size > budget || (size > MostWithCalls && HasCalls(g)) || !IsFit(g) || int.MaxValue - f.SourceEnd < g.SourceEnd - g.SourceStart || !c.TakeFuel()) return false;
        c.Callee = g;
        budget -= size;
        return true;
    }

    private static bool HasCalls(Function g)
    {
        for (Block block = g.FirstBlock; !block.IsNone; block = g[block].Next)
            // What is called before a trap, or to throw, is called once.
            for (Inst inst = g[g[block].Last].Op == Opcode.Trap ? Inst.None : g[block].First; !inst.IsNone; inst = g.Link(inst).Next)
                if (g[inst].Op.Has(OpFlags.Call)) return true;
        return false;
    }

    /// <summary>A callee must return, and not by a tail call: with the caller's frame below it, tail calls could exhaust the stack.</summary>
    private static bool IsFit(Function g)
    {
        bool returns = false;
        for (Block block = g.FirstBlock; !block.IsNone; block = g[block].Next)
        {
            Opcode last = g[g[block].Last].Op;
            if (last is Opcode.ReturnCall or Opcode.ReturnCallIndirect) return false;
            returns |= last == Opcode.Return;
        }
        return returns;
    }

    /// <summary>Only one way leads through the function, to a return.</summary>
    private static bool IsStraight(Function g)
    {
        Block block = g.Entry;
        for (int steps = 0; steps < g.Blocks.Count; steps++)
        {
            InstData last = g[g[block].Last];
            if (last.Op != Opcode.Jump) return last.Op == Opcode.Return;
            block = g.TargetBlock(last.List);
        }
        return false;
    }

    /// <summary>Puts the callee in the context in the place of a call.</summary>
    private static void Splice(Function f, PassContext c, Inst call, bool straight)
    {
        Function g = c.Callee;
        InstData data = f[call];
        int source = f.Link(call).Source;
        FlatList<int> values = c.Uses, blocks = c.Marks;
        values.Reset(g.Values.Count, -1);
        blocks.Reset(g.Blocks.Count, -1);
        ReadOnlySpan<int> parameters = g.Params(g.Entry), arguments = f.Lists.Get(data.List);
        for (int i = 0; i < parameters.Length; i++) values[parameters[i]] = f.Resolve(new Value(arguments[i])).Index;

        // The frame of a tail call's caller is gone; what called that is outside this function, or inlined itself.
        InlineSite around = f.SiteOf(source);
        int callSource = data.Op != Opcode.ReturnCall ? source : around.IsNone ? -1 : f.InlineSites[around.Index].Call;
        int shift = f.SourceEnd - g.SourceStart;
        f.InlineSites.Add(new InlineSiteData(f.Functions[(int)data.Imm].Symbol, f.SourceEnd, g.SourceStart, callSource));
        f.SourceEnd += Math.Max(1, g.SourceEnd - g.SourceStart);

        foreach (BoundData bound in g.Bounds.AsSpan())
            if (f.LeastOf(bound.Bound) < bound.Least) f.Bounds.Add(bound);
        var splicer = new Splicer(f, c, call, shift);
        if (straight) splicer.CopyStraight();
        else splicer.CopyBlocks();
    }

    /// <summary>What one call needs while its callee is copied.</summary>
    private readonly ref struct Splicer(Function f, PassContext c, Inst call, int shift)
    {
        private readonly InstData _data = f[call];
        private readonly FrameState _state = f.Link(call).State;
        private readonly int _source = f.Link(call).Source;

        private Function G => c.Callee;

        public void CopyStraight()
        {
            for (Block from = G.Entry; ;)
            {
                Inst last = G[from].Last;
                for (Inst inst = G[from].First; inst != last; inst = G.Link(inst).Next)
                {
                    Inst copy = f.CreateInst(default);
                    MakeResults(inst, copy);
                    Fill(inst, copy);
                    f.InsertBefore(copy, call);
                }
                InstData end = G[last];
                if (end.Op == Opcode.Return)
                {
                    ReadOnlySpan<int> results = G.Lists.Get(end.List);
                    for (int i = 0; i < results.Length; i++) f.MakeAlias(new Value(f.Result(call).Index + i), new Value(c.Uses[results[i]]));
                    f.RemoveInst(call);
                    return;
                }
                from = G.TargetBlock(end.List);
                ReadOnlySpan<int> parameters = G.Params(from), arguments = G.TargetArgs(end.List);
                for (int i = 0; i < parameters.Length; i++) c.Uses[parameters[i]] = c.Uses[arguments[i]];
            }
        }

        public void CopyBlocks()
        {
            Block block = f.Link(call).Block;
            Block rest = _data.Op == Opcode.Call ? Split(block) : Block.None;
            f.RemoveInst(call);
            // Values and blocks first: they are used before they are met.
            FlatList<int> normals = c.Marks2;
            normals.Clear();
            int next = f.Insts.Count;
            for (Block from = G.FirstBlock; !from.IsNone; from = G[from].Next)
            {
                c.Marks[from.Index] = from == G.Entry ? block.Index : MakeBlock(from).Index;
                for (Inst inst = G[from].First; !inst.IsNone; inst = G.Link(inst).Next)
                {
                    Inst copy = f.CreateInst(default);
                    if (IsCaught(G[inst])) normals.Add(MakeNormal(inst).Index);
                    else MakeResults(inst, copy);
                }
            }
            Block before = f[block].Next;
            int caught = 0;
            for (Block from = G.FirstBlock; !from.IsNone; from = G[from].Next)
            {
                var to = new Block(c.Marks[from.Index]);
                if (to != block) Place(to, before);
                for (Inst inst = G[from].First; !inst.IsNone; inst = G.Link(inst).Next)
                {
                    var copy = new Inst(next++);
                    Fill(inst, copy);
                    f.AppendInst(to, copy);
                    if (f[copy].Op == Opcode.Return) Return(copy, rest);
                    else if (IsCaught(G[inst]))
                    {
                        var normal = new Block(normals[caught++]);
                        Catch(copy, normal);
                        f[normal].Cold = f[to].Cold;
                        Place(to = normal, before);
                    }
                }
            }
        }

        private void Place(Block block, Block before)
        {
            if (before.IsNone) f.AppendBlock(block);
            else f.InsertBlock(block, before);
            c.Work.Add(block.Index);
        }

        /// <summary>Moves what follows the call into a block of its own, whose parameters are what the call yields.</summary>
        private Block Split(Block block)
        {
            Block rest = f.CreateBlock();
            f[rest].Cold = f[block].Cold;
            Signature signature = f.CallSignature(_data);
            for (int i = 0; i < signature.Results.Length; i++) f.MakeAlias(new Value(f.Result(call).Index + i), f.AppendParam(rest, signature.Results[i]));
            for (Inst inst = f.Link(call).Next, next; !inst.IsNone; inst = next)
            {
                next = f.Link(inst).Next;
                f.RemoveInst(inst);
                f.AppendInst(rest, inst);
            }
            if (f[block].Next.IsNone) f.AppendBlock(rest);
            else f.InsertBlock(rest, f[block].Next);
            return rest;
        }

        private Block MakeBlock(Block from)
        {
            Block block = f.CreateBlock();
            f[block].Cold = G[from].Cold;
            foreach (int param in G.Params(from)) c.Uses[param] = f.AppendParam(block, G.TypeOf(new Value(param))).Index;
            return block;
        }

        private void MakeResults(Inst inst, Inst copy)
        {
            InstLinks links = G.Link(inst);
            for (int i = 0; i < links.ResultCount; i++)
            {
                int result = links.FirstResult.Index + i;
                c.Uses[result] = f.AddResult(copy, G.TypeOf(new Value(result))).Index;
            }
        }

        /// <summary>A call whose exceptions the caller's handler gets.</summary>
        private bool IsCaught(in InstData data) => _data.Op == Opcode.TryCall
            && (data.Op == Opcode.CallIndirect || (data.Op == Opcode.Call && c.Callees!.MayThrow(G.Functions[(int)data.Imm].Symbol)));

        /// <summary>The block after a call that becomes a <c>try_call</c>.</summary>
        private Block MakeNormal(Inst inst)
        {
            InstLinks links = G.Link(inst);
            Block normal = f.CreateBlock();
            for (int i = 0; i < links.ResultCount; i++)
            {
                int result = links.FirstResult.Index + i;
                c.Uses[result] = f.AppendParam(normal, G.TypeOf(new Value(result))).Index;
            }
            return normal;
        }

        private void Catch(Inst copy, Block normal)
        {
            ref InstData data = ref f[copy];
            data.Op = data.Op == Opcode.Call ? Opcode.TryCall : Opcode.TryCallIndirect;
            data.List3 = f.Target(normal, []);
            for (int i = 0; i < f.Params(normal).Length; i++) data.List3 = f.Lists.Add(data.List3, Function.CallResult(i));
            data.List2 = f.Lists.Copy(_data.List2);
        }

        /// <summary>A return goes on behind the call; a tail call's callee returns for its caller.</summary>
        private void Return(Inst copy, Block rest)
        {
            if (_data.Op == Opcode.ReturnCall) return;
            ListRef results = f[copy].List, target;
            if (!rest.IsNone)
            {
                target = f.Lists.Create([rest.Index]);
                for (int i = 0; i < f.Lists.Count(results); i++) target = f.Lists.Add(target, f.Lists.Get(results)[i]);
            }
            else
            {
                target = f.Lists.Copy(_data.List3);
                foreach (ref int item in f.Lists.Get(target)[1..])
                    if (item < 0) item = f.Lists.Get(results)[-2 - item];
            }
            f[copy] = new InstData(Opcode.Jump, IrType.None) { List = target };
        }

        /// <summary>Makes a copy what the callee's instruction is, in the terms of the caller.</summary>
        private void Fill(Inst inst, Inst copy)
        {
            InstData data = G[inst];
            if (!data.A.IsNone) data.A = new Value(c.Uses[data.A.Index]);
            if (!data.B.IsNone) data.B = new Value(c.Uses[data.B.Index]);
            if (!data.C.IsNone) data.C = new Value(c.Uses[data.C.Index]);
            switch (data.Op.Format())
            {
                case InstFormat.Call or InstFormat.FuncAddr:
                {
                    ExternalFunction callee = G.Functions[(int)data.Imm];
                    data.Imm = f.Declare(callee with { Signature = f.Declare(G.Signatures[callee.Signature.Index]) }).Index;
                    break;
                }
                case InstFormat.CallIndirect: data.Imm = f.Declare(G.Signatures[(int)data.Imm]).Index; break;
                case InstFormat.ConstVector or InstFormat.Shuffle: data.Imm = f.Declare(G.Vectors[(int)data.Imm]); break;
                case InstFormat.StackAddr:
                    // Another slot for each call: at most a few, because the callee is small.
                    data.Imm = (long)f.StackSlots.Add(G.StackSlots[(int)(data.Imm >> 32)]) << 32 | (uint)data.Imm;
                    break;
            }
            if (data.Op == Opcode.BrTable)
            {
                ListRef targets = f.Lists.Copy(default);
                for (int i = 0; i < G.TargetCount(G[inst]); i++) targets = f.Lists.Add(targets, Target(G.GetTarget(G[inst], i)).Handle);
                data.List = targets;
            }
            else
            {
                if (G.HasArgList(data)) data.List = List(data.List);
                for (int i = 0; i < G.TargetCount(data); i++) f.SetTarget(ref data, i, Target(G.GetTarget(G[inst], i)));
            }
            f[copy] = data;
            ref InstLinks links = ref f.Link(copy);
            int source = G.Link(inst).Source;
            links.Source = source < 0 ? _source : source + shift;
            links.State = State(G.Link(inst).State);
        }

        private ListRef List(ListRef from)
        {
            ListRef list = default;
            foreach (int item in G.Lists.Get(from)) list = f.Lists.Add(list, c.Uses[item]);
            return list;
        }

        private ListRef Target(ListRef from)
        {
            ListRef list = f.Lists.Create([c.Marks[G.TargetBlock(from).Index]]);
            foreach (int item in G.TargetArgs(from)) list = f.Lists.Add(list, item < 0 ? item : c.Uses[item]);
            return list;
        }

        /// <summary>The frames of a state, and outside them those of the call.</summary>
        private FrameState State(FrameState from)
        {
            if (from.IsNone) return FrameState.None;
            FrameStateData data = G.FrameStates[from.Index];
            FrameState outer = data.Outer.IsNone ? _state : State(data.Outer);
            return new FrameState(f.FrameStates.Add(new FrameStateData(data.Tag, outer, List(data.Values))));
        }
    }
}
