using Hornet.Base;

namespace Hornet.Compiler.Ir;

/// <summary>A mutable variable of the frontend; see <see cref="FunctionBuilder.Use"/>.</summary>
internal readonly record struct Variable(int Index);

/// <summary>
/// Builds a <see cref="Function"/> block by block. Variables become SSA values as in Braun et al., <i>Simple and Efficient
/// Construction of Static Single Assignment Form</i> (2013), with a work list instead of recursion, so that hostile
/// control flow cannot exhaust the stack: a block with several predecessors first gets a detached parameter, and only when
/// its operands are known is it attached to the block (or, if they all agree, made an alias).
/// </summary>
internal sealed partial class FunctionBuilder
{
    private readonly record struct PendingParam(Block Block, Variable Variable, Value Param);

    private struct BlockState
    {
        public ListRef Preds; // pairs: branch instruction, number of its target
        public bool Sealed;
        public int Incomplete; // chain of _incomplete, by index + 1
    }

    // Every variable may meet in every block: the product is the guest's choice, and what exceeds this is nothing that a compiler makes.
    private const int MostDetached = 1 << 20;

    private readonly FlatList<IrType> _variables = new(32);
    private readonly FlatList<BlockState> _blocks = new(32);
    private readonly FlatList<(PendingParam Param, int Next)> _incomplete = new(16);
    private readonly FlatList<PendingParam> _pending = new(16);
    private readonly FlatList<int> _operands = new(16);
    private readonly FlatList<Block> _chain = new(16);
    private readonly DefinitionTable _definitions = new();
    private Function _function = new();
    private int _detached;

    public Function Function => _function;

    /// <summary>The block that instructions are appended to.</summary>
    public Block Current { get; private set; } = Block.None;

    /// <summary>Set on every instruction built from now on; -1 is none.</summary>
    public int Source { get; set; } = -1;

    /// <summary>The current block has its terminator (or there is no current block).</summary>
    public bool IsFilled => Current.IsNone || (!_function[Current].Last.IsNone && _function[_function[Current].Last].Op.IsTerminator());

    /// <summary>Starts building into a cleared <paramref name="function"/>.</summary>
    public void Begin(Function function)
    {
        _function = function;
        _variables.Clear();
        _blocks.Clear();
        _incomplete.Clear();
        _pending.Clear();
        _definitions.Clear();
        Current = Block.None;
        Source = -1;
        _detached = 0;
    }

    public Block CreateBlock()
    {
        Block block = _function.CreateBlock();
        _blocks.Resize(block.Index + 1, default);
        return block;
    }

    /// <summary>Creates the entry block with the signature's parameters, sealed and current.</summary>
    public Block CreateEntryBlock()
    {
        Block block = CreateBlock();
        foreach (IrType type in _function.Signature.Params) _function.AppendParam(block, type);
        Seal(block);
        SwitchTo(block);
        return block;
    }

    public Value Param(Block block, int index) => new(_function.Params(block)[index]);

    /// <summary>Appends the block to the layout, unless it is there, and makes it current.</summary>
    public void SwitchTo(Block block)
    {
        if (!_function[block].InLayout) _function.AppendBlock(block);
        Current = block;
    }

    // Variables

    public Variable DeclareVariable(IrType type) => new(_variables.Add(type));

    public IrType TypeOf(Variable variable) => _variables[variable.Index];

    public void Define(Variable variable, Value value) => _definitions.Set(Current.Index, variable.Index, value.Index);

    /// <summary>The value of a variable here.</summary>
    public Value Use(Variable variable)
    {
        Value value = Lookup(variable, Current);
        FillPending();
        return _function.Resolve(value);
    }

    /// <summary>Promises that no further branch to <paramref name="block"/> will be built.</summary>
    public void Seal(Block block)
    {
        ref BlockState state = ref _blocks[block.Index];
        if (state.Sealed) return;
        state.Sealed = true;
        for (int i = state.Incomplete; i != 0; i = _incomplete[i - 1].Next) _pending.Add(_incomplete[i - 1].Param);
        state.Incomplete = 0;
        FillPending();
    }

    public void SealAll()
    {
        for (int i = 0; i < _blocks.Count; i++) Seal(new Block(i));
    }

    private Value Lookup(Variable variable, Block block)
    {
        _chain.Clear();
        Value value;
        while (true)
        {
            int known = _definitions.Get(block.Index, variable.Index);
            if (known >= 0)
            {
                value = new Value(known);
                break;
            }
            ref BlockState state = ref _blocks[block.Index];
            int preds = _function.Lists.Count(state.Preds) / 2;
            if (state.Sealed && preds == 1 && block != _function.Entry)
            {
                _chain.Add(block);
                block = _function.Link(new Inst(_function.Lists.Get(state.Preds)[0])).Block;
                // A block that branches to itself and to nothing else is unreachable.
                if (_chain.Count > _blocks.Count) return Undefined(variable);
                continue;
            }
            if (state.Sealed && preds == 0)
            {
                value = Undefined(variable);
            }
            else
            {
                if (++_detached > MostDetached) throw new NotSupportedException("too many variables meet in too many blocks");
                value = _function.DetachedParam(block, _variables[variable.Index]);
                var pending = new PendingParam(block, variable, value);
                if (state.Sealed) _pending.Add(pending);
                else state.Incomplete = _incomplete.Add((pending, state.Incomplete)) + 1;
            }
            _definitions.Set(block.Index, variable.Index, value.Index);
            break;
        }
        foreach (Block passed in _chain.AsSpan()) _definitions.Set(passed.Index, variable.Index, value.Index);
        return value;
    }

    /// <summary>A variable read before it is written: zero, at the top of the entry block.</summary>
    private Value Undefined(Variable variable)
    {
        Inst inst = _function.CreateInst(ZeroOf(_variables[variable.Index]));
        _function.MakeResults(inst);
        Block entry = _function.Entry;
        if (_function[entry].First.IsNone) _function.AppendInst(entry, inst);
        else _function.InsertBefore(inst, _function[entry].First);
        return _function.Result(inst);
    }

    private InstData ZeroOf(IrType type) => type switch
    {
        IrType.F32 => new InstData(Opcode.F32const, type),
        IrType.F64 => new InstData(Opcode.F64const, type),
        IrType.V128 => new InstData(Opcode.Vconst, type) { Imm = AddVector(UInt128.Zero) },
        _ => new InstData(Opcode.Iconst, type),
    };

    private void FillPending()
    {
        while (_pending.Count > 0)
        {
            PendingParam pending = _pending.Pop();
            ListRef preds = _blocks[pending.Block.Index].Preds;
            int count = _function.Lists.Count(preds) / 2;
            _operands.Clear();
            Value same = Value.None;
            bool trivial = true;
            for (int i = 0; i < count; i++)
            {
                Block pred = _function.Link(new Inst(_function.Lists.Get(preds)[2 * i])).Block;
                Value value = _function.Resolve(Lookup(pending.Variable, pred));
                _operands.Add(value.Index);
                if (value == pending.Param || value == same) continue;
                if (!same.IsNone) trivial = false;
                same = value;
            }
            if (trivial)
            {
                _function.MakeAlias(pending.Param, same.IsNone ? Undefined(pending.Variable) : same);
                continue;
            }
            _function.AttachParam(pending.Block, pending.Param);
            for (int i = 0; i < count; i++)
            {
                Span<int> edge = _function.Lists.Get(preds).Slice(2 * i, 2);
                ref InstData data = ref _function[new Inst(edge[0])];
                ListRef target = _function.GetTarget(data, edge[1]);
                int index = edge[1];
                _function.SetTarget(ref data, index, _function.Lists.Add(target, _operands[i]));
            }
        }
    }

    // Instructions

    /// <summary>Appends an instruction and returns its first result, or none.</summary>
    public Value Build(in InstData data) => _function.Result(BuildInst(data));

    public Inst BuildInst(in InstData data)
    {
        Inst inst = _function.CreateInst(data);
        _function.MakeResults(inst);
        _function.Link(inst).Source = Source;
        _function.AppendInst(Current, inst);
        for (int i = 0, n = _function.TargetCount(data); i < n; i++)
        {
            Block target = _function.TargetBlock(_function.GetTarget(data, i));
            ref ListRef preds = ref _blocks[target.Index].Preds;
            preds = _function.Lists.Add(_function.Lists.Add(preds, inst.Index), i);
        }
        return inst;
    }

    public long AddVector(UInt128 bits) => _function.Declare(bits);

    public ListRef List(ReadOnlySpan<Value> values)
    {
        ListRef list = default;
        foreach (Value value in values) list = _function.Lists.Add(list, value.Index);
        return list;
    }
}
