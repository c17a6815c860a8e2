using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <content>Structs, arrays, casts and exceptions: reference types are types like others for locals, globals, parameters and labels.</content>
public sealed partial class ModuleGenerator
{
    // The types that modules with GC begin with: one recursion group.
    const int Node = 0, Leaf0 = 1, Bytes = 2, Longs = 3, Anys = 4, Nodes = 5, GcTypes = 6;

    static readonly ValType s_node = ValType.Ref(HeapType.Concrete(Node), true), s_leaf = ValType.Ref(HeapType.Concrete(Leaf0), true);
    static readonly ValType s_bytes = ValType.Ref(HeapType.Concrete(Bytes), true), s_longs = ValType.Ref(HeapType.Concrete(Longs), true);
    static readonly ValType s_anys = ValType.Ref(HeapType.Concrete(Anys), true), s_nodes = ValType.Ref(HeapType.Concrete(Nodes), true);

    static readonly FieldType[] s_fields =
    [
        new(ValType.I32, true), new(ValType.I64, true), new(ValType.F64, true), new(ValType.I8, true), new(ValType.I16, true), new(s_node, true), new(ValType.AnyRef, true), new(ValType.ExternRef, true),
    ];

    static readonly FieldType[] s_leafFields = [.. s_fields, new(ValType.F32, true), new(ValType.V128, true), new(s_bytes, false)];

    static readonly SubType[] s_gcTypes =
    [
        new StructType(s_fields) { IsFinal = false },
        new StructType(s_leafFields) { Supertype = Node },
        new ArrayType(new(ValType.I8, true)),
        new ArrayType(new(ValType.I64, true)),
        new ArrayType(new(ValType.AnyRef, true)),
        new ArrayType(new(s_node, true)),
    ];

    static readonly ValType[] s_references =
        [ValType.AnyRef, ValType.EqRef, ValType.I31Ref, ValType.StructRef, ValType.ArrayRef, s_node, s_leaf, s_bytes, s_longs, s_anys, s_nodes, ValType.ExternRef];

    // The tags that modules with exceptions begin with.
    static readonly ValType[][] s_tags = [[ValType.I32, ValType.I64], [ValType.F64], []];

    void ReferenceTypes()
    {
        if (_options.Gc)
        {
            for (int i = 0; i < GcTypes; i++)
            {
                _env.Types.Add(s_gcTypes[i]);
                _env.RecGroupStart.Add(0);
            }
        }
        if (!_options.Exceptions) return;
        foreach (ValType[] tag in s_tags) _env.Tags.Add(TypeIndex(new(tag, [])));
    }

    // Whether a value of one type of the pool is one of the other.
    static bool IsSubtype(ValType a, ValType b)
    {
        if (a == b) return true;
        if (a == ValType.ExternRef || b == ValType.ExternRef || a == ValType.ExnRef || b == ValType.ExnRef) return false;
        bool isStruct = a == ValType.StructRef || a == s_node || a == s_leaf, isArray = a == ValType.ArrayRef || a == s_bytes || a == s_longs || a == s_anys || a == s_nodes;
        if (b == ValType.AnyRef) return true;
        if (b == ValType.EqRef) return a != ValType.AnyRef;
        if (b == ValType.StructRef) return isStruct;
        if (b == ValType.ArrayRef) return isArray;
        return a == s_leaf && b == s_node;
    }

    // Leaves a reference of the type.
    void Reference(ValType type, int depth)
    {
        _budget--;
        if (!type.IsNullable)
        {
            Reference(type.AsNullable(), depth);
            _b.Opcode(Op.RefAsNonNull);
            return;
        }
        bool leaf = depth <= 0 || _budget < 0;
        int kind = _d.Below(leaf ? 3 : 12);
        if (kind == 1 && SomeLocal(type) is { } local) _b.Indexed(Op.LocalGet, local);
        else if (kind == 2) _b.Indexed(Op.GlobalGet, GlobalOf(type));
        else if (kind < 3 || type == ValType.ExnRef)
        {
            if (kind >= 9) Block([type], depth);
            else _b.Operator(new Operator { Op = Op.RefNull, Heap = type.Heap });
        }
        else if (kind is 3 or 4) New(type, depth);
        else if (kind == 5) Cast(type, depth);
        else if (kind == 6) FromField(type, depth);
        else if (kind == 7) Block([type], depth);
        else if (kind == 8) CallFor(type, depth);
        else if (kind == 9)
        {
            Expression(type, depth - 1);
            if (SomeLocal(type) is { } tee) _b.Indexed(Op.LocalTee, tee);
        }
        else if (kind == 10) BranchIf(type, depth);
        else
        {
            Expression(type, depth - 1);
            Expression(type, depth - 1);
            Expression(ValType.I32, depth - 1);
            _b.SelectTyped([type]);
        }
    }

    void New(ValType type, int depth)
    {
        if (type == ValType.ExternRef)
        {
            Expression(ValType.AnyRef, depth - 1);
            _b.Opcode(Op.ExternConvertAny);
        }
        else if (type == ValType.I31Ref || type == ValType.EqRef)
        {
            Expression(ValType.I32, depth - 1);
            _b.Opcode(Op.RefI31);
        }
        else if (type == ValType.AnyRef && _d.OnceIn(3))
        {
            Expression(ValType.ExternRef, depth - 1);
            _b.Opcode(Op.AnyConvertExtern);
        }
        else if (type == s_node || type == s_leaf)
        {
            int index = type == s_node ? Node : Leaf0;
            if (_d.OnceIn(2)) _b.Indexed(Op.StructNewDefault, index);
            else
            {
                foreach (FieldType field in type == s_node ? s_fields : s_leafFields) Expression(field.Storage.Unpacked, Math.Min(depth - 1, 1));
                _b.Indexed(Op.StructNew, index);
            }
        }
        else if (type.Heap.IsConcrete) NewArray(type.Heap.Code, depth);
        else
        {
            ValType[] smaller = [.. s_references.Where(t => t != type && IsSubtype(t, type))];
            Expression(_d.Of(smaller), depth - 1);
        }
    }

    void NewArray(int array, int depth)
    {
        ValType element = ((ArrayType)s_gcTypes[array]).Element.Storage.Unpacked;
        switch (_d.Below(4))
        {
            case 0:
                _b.I32(_d.Of((int[])[0, 1, 3, 8, 20]));
                _b.Indexed(Op.ArrayNewDefault, array);
                break;
            case 1:
                Expression(element, depth - 1);
                Count(depth, 31);
                _b.Indexed(Op.ArrayNew, array);
                break;
            case 2:
                int count = _d.Below(4);
                for (int i = 0; i < count; i++) Expression(element, Math.Min(depth - 1, 1));
                _b.Indexed(Op.ArrayNewFixed, array, count);
                break;
            default:
                if (array is not (Bytes or Longs)) goto case 0;
                _b.I32(_d.Below(12));
                _b.I32(_d.Below(6));
                _b.Indexed(Op.ArrayNewData, array, 1);
                break;
        }
    }

    void Count(int depth, int mask)
    {
        Expression(ValType.I32, depth - 1);
        _b.I32(mask);
        _b.Opcode(Op.I32And);
    }

    void Cast(ValType type, int depth)
    {
        if (type == ValType.ExternRef || type == ValType.AnyRef)
        {
            New(type, depth);
            return;
        }
        ValType from = _d.Of(s_references.Where(t => t != type && IsSubtype(type, t)).ToArray());
        switch (_d.Below(4))
        {
            case 0:
                Expression(from, depth - 1);
                _b.Operator(new Operator { Op = Op.RefCastNull, Heap = type.Heap });
                break;
            case 1:
                // Where the cast fails, something else of the type.
                _b.Operator(new Operator { Op = Op.Block, BlockType = BlockType.Of(type) });
                _labels.Add([type]);
                Expression(from, depth - 1);
                _b.Operator(new Operator { Op = Op.BrOnCast, Lane = 3, A = 0, Heap = from.Heap, Heap2 = type.Heap });
                _b.Opcode(Op.Drop);
                Expression(type, depth - 2);
                _b.Opcode(Op.End);
                _labels.RemoveAt(_labels.Count - 1);
                break;
            case 2:
                _b.Operator(new Operator { Op = Op.Block, BlockType = BlockType.Of(type) });
                _labels.Add([type]);
                _b.Operator(new Operator { Op = Op.Block, BlockType = BlockType.Of(from) });
                _labels.Add([from]);
                Expression(from, depth - 1);
                _b.Operator(new Operator { Op = Op.BrOnCastFail, Lane = 3, A = 0, Heap = from.Heap, Heap2 = type.Heap });
                _b.Indexed(Op.Br, 1);
                _b.Opcode(Op.End);
                _labels.RemoveAt(_labels.Count - 1);
                _b.Opcode(Op.Drop);
                Expression(type, depth - 2);
                _b.Opcode(Op.End);
                _labels.RemoveAt(_labels.Count - 1);
                break;
            default:
                // Not null from here on, which is a subtype.
                Expression(type, depth - 1);
                if (_d.OnceIn(2)) _b.Opcode(Op.RefAsNonNull);
                else _b.Operator(new Operator { Op = Op.RefCast, Heap = type.Heap });
                break;
        }
    }

    // Any value that a field or an element holds.
    void FromField(ValType type, int depth)
    {
        bool ofLeaf = _d.OnceIn(2);
        FieldType[] fields = ofLeaf ? s_leafFields : s_fields;
        int[] fit = [.. Enumerable.Range(0, fields.Length).Where(i => fields[i].Storage.Unpacked == type)];
        int[] arrays = [.. Enumerable.Range(Bytes, GcTypes - Bytes).Where(i => ((ArrayType)s_gcTypes[i]).Element.Storage.Unpacked == type)];
        if (arrays.Length > 0 && (fit.Length == 0 || _d.OnceIn(2)))
        {
            int array = _d.Of(arrays);
            Expression(ValType.Ref(HeapType.Concrete(array), true), depth - 1);
            Count(depth, 7);
            _b.Indexed(array == Bytes ? _d.OnceIn(2) ? Op.ArrayGetS : Op.ArrayGetU : Op.ArrayGet, array);
        }
        else if (fit.Length > 0)
        {
            int field = _d.Of(fit);
            Expression(ofLeaf ? s_leaf : s_node, depth - 1);
            _b.Indexed(fields[field].Storage.IsPacked ? _d.OnceIn(2) ? Op.StructGetS : Op.StructGetU : Op.StructGet, ofLeaf ? Leaf0 : Node, field);
        }
        else if (type.IsRef) _b.Operator(new Operator { Op = Op.RefNull, Heap = type.Heap });
        else Constant(type);
    }

    // A number that says something of references.
    void FromReference(ValType type, int depth)
    {
        if (type != ValType.I32 || _d.OnceIn(3))
        {
            FromField(type, depth);
            return;
        }
        switch (_d.Below(5))
        {
            case 0:
                Expression(_d.Of(_types.Where(t => t.IsRef).ToArray()), depth - 1);
                _b.Opcode(Op.RefIsNull);
                break;
            case 1:
                Expression(ValType.EqRef, depth - 1);
                Expression(_d.Of((ValType[])[ValType.EqRef, ValType.I31Ref, s_node]), depth - 1);
                _b.Opcode(Op.RefEq);
                break;
            case 2:
                Expression(ValType.I31Ref, depth - 1);
                _b.Opcode(_d.OnceIn(2) ? Op.I31GetS : Op.I31GetU);
                break;
            case 3:
                Expression(ValType.ArrayRef, depth - 1);
                _b.Opcode(Op.ArrayLen);
                break;
            default:
                Expression(_d.Of((ValType[])[ValType.AnyRef, ValType.EqRef]), depth - 1);
                _b.Operator(new Operator { Op = _d.OnceIn(2) ? Op.RefTest : Op.RefTestNull, Heap = _d.Of(s_references[2..^1]).Heap });
                break;
        }
    }

    void ReferenceStatement(int depth)
    {
        int array = _d.Of((int[])[Bytes, Longs, Anys, Nodes]);
        ValType arrayType = ValType.Ref(HeapType.Concrete(array), true), element = ((ArrayType)s_gcTypes[array]).Element.Storage.Unpacked;
        switch (_d.Below(6))
        {
            case <= 1:
                int field = _d.Below(s_fields.Length);
                Expression(s_node, depth - 1);
                Expression(s_fields[field].Storage.Unpacked, depth - 1);
                _b.Indexed(Op.StructSet, Node, field);
                break;
            case 2:
                Expression(arrayType, depth - 1);
                Count(depth, 7);
                Expression(element, depth - 1);
                _b.Indexed(Op.ArraySet, array);
                break;
            case 3:
                Expression(arrayType, depth - 1);
                Count(depth, 3);
                Expression(element, depth - 1);
                Count(depth, 7);
                _b.Indexed(Op.ArrayFill, array);
                break;
            case 4:
                Expression(arrayType, depth - 1);
                Count(depth, 3);
                Expression(arrayType, depth - 1);
                Count(depth, 3);
                Count(depth, 7);
                _b.Indexed(Op.ArrayCopy, array, array);
                break;
            default:
                array = _d.Of((int[])[Bytes, Longs]);
                Expression(ValType.Ref(HeapType.Concrete(array), true), depth - 1);
                Count(depth, 3);
                _b.I32(_d.Below(10));
                _b.I32(_d.Below(5));
                _b.Indexed(Op.ArrayInitData, array, 1);
                break;
        }
    }

    void Throw(int depth)
    {
        if (_d.OnceIn(5))
        {
            Expression(ValType.ExnRef, depth - 1);
            _b.Opcode(Op.ThrowRef);
            return;
        }
        int tag = _d.Below(s_tags.Length);
        foreach (ValType type in s_tags[tag]) Expression(type, depth - 1);
        _b.Indexed(Op.Throw, tag);
    }

    // A try_table with up to two clauses, each of which leads to a block of its own around it.
    void Try(ValType[] results, int depth)
    {
        int count = 1 + _d.Below(2);
        (CatchKind Kind, int Tag)[] clauses = new (CatchKind, int)[count];
        for (int i = 0; i < count; i++) clauses[i] = ((CatchKind)_d.Below(4), _d.Below(s_tags.Length));
        Open(Op.Block, [], results);
        for (int i = count - 1; i >= 0; i--) Open(Op.Block, [], Carried(clauses[i]));
        _b.TryTable(BlockTypeOf([], results), [.. clauses.Select((c, i) => new CatchClause(c.Kind, (uint)c.Tag, (uint)i))]);
        _labels.Add(results);
        Statements(depth - 1);
        if (_d.OnceIn(2)) ConditionalThrow(depth);
        foreach (ValType result in results) Expression(result, depth - 1);
        Close();
        for (int i = 0; i < count; i++)
        {
            _b.Indexed(Op.Br, count - i);
            Close();
            Bind(Carried(clauses[i]));
            foreach (ValType result in results) Expression(result, depth - 2);
        }
        Close();

        static ValType[] Carried((CatchKind Kind, int Tag) clause) => clause.Kind switch
        {
            CatchKind.Catch => s_tags[clause.Tag],
            CatchKind.CatchRef => [.. s_tags[clause.Tag], ValType.ExnRef.AsNonNull()],
            CatchKind.CatchAll => [],
            _ => [ValType.ExnRef.AsNonNull()],
        };
    }

    void ConditionalThrow(int depth)
    {
        Expression(ValType.I32, depth - 1);
        Open(Op.If, [], []);
        Throw(depth - 1);
        Close();
    }

    void Open(Op op, ValType[] parameters, ValType[] results)
    {
        _b.Operator(new Operator { Op = op, BlockType = BlockTypeOf(parameters, results) });
        _labels.Add(results);
    }

    void Close()
    {
        _b.Opcode(Op.End);
        _labels.RemoveAt(_labels.Count - 1);
    }
}
