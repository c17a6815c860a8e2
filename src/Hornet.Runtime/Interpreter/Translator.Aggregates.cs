using Hornet.Wasm;

namespace Hornet.Runtime;

// Structs, arrays, casts, i31.
internal sealed unsafe partial class Translator
{
    readonly Dictionary<int, GcType> _gcTypes = [];

    GcType Layout(int type)
    {
        if (!_gcTypes.TryGetValue(type, out GcType? layout))
            _gcTypes[type] = layout = GcType.Of(_env.Types[type], concrete => _env.Types[concrete].Kind == CompositeKind.Func);
        return layout;
    }

    static ValType Exact(int type) => ValType.Ref(HeapType.Concrete(type), nullable: false);

    void StepAggregate()
    {
        int type = (int)_op.A;
        switch (_op.Op)
        {
            case Op.StructNew:
            {
                int count = ((StructType)_env.Types[type]).Fields.Length;
                Allocate(&Leaves.StructNew, count, Exact(type), type, count == 0 ? 0 : _stack[_count - count].Home);
                break;
            }
            case Op.StructNewDefault: Allocate(&Leaves.StructNewDefault, 0, Exact(type), type); break;
            case Op.StructGet or Op.StructGetS or Op.StructGetU: StructGet(type); break;
            case Op.StructSet: StructSet(type); break;
            case Op.ArrayNew:
                Allocate(&Leaves.ArrayNew, 2, Exact(type), type, _stack[_count - 2].Home, _stack[_count - 1].Home);
                break;
            case Op.ArrayNewDefault:
                Allocate(&Leaves.ArrayNew, 1, Exact(type), type, 0, _stack[_count - 1].Home);
                break;
            case Op.ArrayNewFixed:
            {
                int count = (int)_op.B;
                Allocate(&Leaves.ArrayNewFixed, count, Exact(type), type, count == 0 ? 0 : _stack[_count - count].Home, count);
                break;
            }
            case Op.ArrayNewData:
                Allocate(&Leaves.ArrayNewData, 2, Exact(type), _stack[_count - 2].Home, _stack[_count - 1].Home, type, (int)_op.B);
                break;
            case Op.ArrayNewElem:
                Allocate(&Leaves.ArrayNewElem, 2, Exact(type), _stack[_count - 2].Home, _stack[_count - 1].Home, type, (int)_op.B);
                break;
            case Op.ArrayGet or Op.ArrayGetS or Op.ArrayGetU: ArrayGet(type); break;
            case Op.ArraySet: ArraySet(type); break;
            case Op.ArrayLen:
            {
                int source = PopSource();
                Mark();
                Begin(Runtime.Code.ArrayLen);
                Made(ValType.I32, source);
                break;
            }
            case Op.ArrayFill:
            {
                int count = PopSource(), value = PopSource(), index = PopSource(), array = PopSource();
                Leaf(&Leaves.ArrayFill, [array, index, value, count], [(int)Layout(type).Element]);
                break;
            }
            case Op.ArrayCopy:
            {
                int count = PopSource(), from = PopSource(), source = PopSource(), to = PopSource(), target = PopSource();
                Leaf(&Leaves.ArrayCopy, [target, to, source, from, count], [(int)Layout(type).Element]);
                break;
            }
            case Op.ArrayInitData or Op.ArrayInitElem:
            {
                int count = PopSource(), from = PopSource(), index = PopSource(), array = PopSource();
                Leaf(_op.Op == Op.ArrayInitData ? &Leaves.ArrayInitData : &Leaves.ArrayInitElem, [array, index, from, count], [(int)_op.B, (int)Layout(type).Element]);
                break;
            }
            case Op.RefTest or Op.RefTestNull:
                Leaf(&Leaves.RefTest, [PopSource()], [_op.Heap.Code, _op.Op == Op.RefTestNull ? 1 : 0], ValType.I32);
                break;
            case Op.RefCast or Op.RefCastNull:
            {
                // The reference stays where it is and is known for more.
                if (_stack[_count - 1].Where == Where.Const) SettleTop(1);
                Entry entry = _stack[_count - 1];
                Leaf(&Leaves.RefCast, [entry.Where == Where.Local ? _localAt[entry.Local] : entry.Home], [_op.Heap.Code, _op.Op == Op.RefCastNull ? 1 : 0]);
                _stack[_count - 1].Type = ValType.Ref(_op.Heap, _op.Op == Op.RefCastNull);
                break;
            }
            case Op.AnyConvertExtern: _stack[_count - 1].Type = ValType.Ref(HeapType.Any, _stack[_count - 1].Type.IsNullable); break;
            case Op.ExternConvertAny: _stack[_count - 1].Type = ValType.Ref(HeapType.Extern, _stack[_count - 1].Type.IsNullable); break;
            case Op.RefI31:
            {
                int source = PopSource();
                Begin(Runtime.Code.RefI31);
                Made(ValType.Ref(HeapType.I31, nullable: false), source);
                break;
            }
            case Op.I31GetS or Op.I31GetU:
            {
                int source = PopSource();
                Mark();
                Begin(_op.Op == Op.I31GetS ? Runtime.Code.I31GetS : Runtime.Code.I31GetU);
                Made(ValType.I32, source);
                break;
            }
            default: throw Unexpected();
        }
    }

    /// <summary>Result and operands of the instruction that has just begun.</summary>
    void Made(ValType result, params ReadOnlySpan<int> fields)
    {
        Result(PushHome(result));
        foreach (int field in fields) Field(field);
    }

    /// <summary>A leaf that may collect: its operands are in their homes, and are roots while it runs.</summary>
    void Allocate(delegate*<byte*, byte*, Machine*, byte*> leaf, int operands, ValType result, params ReadOnlySpan<int> fields)
    {
        SettleTop(operands);
        BeginLeaf(leaf);
        int field = _pos;
        Field(operands > 0 ? _stack[_count - operands].Home : _top);
        foreach (int f in fields) Field(f);
        Safepoint();
        for (int i = 0; i < operands; i++) Pop();
        PushHome(result);
        _lastResult = field;
    }

    void StructGet(int type)
    {
        GcField field = Layout(type).Fields[(int)_op.B];
        ValType result = ((StructType)_env.Types[type]).Fields[(int)_op.B].Storage.Unpacked;
        int source = PopSource();
        if (field.Storage is GcStorage.V128 or GcStorage.Func)
        {
            Leaf(&Leaves.StructGet, [source], [field.Offset, (int)field.Storage], result);
            return;
        }
        Mark();
        Begin(field.Storage switch
        {
            GcStorage.I8 => _op.Op == Op.StructGetS ? Runtime.Code.StructGet8S : Runtime.Code.StructGet8U,
            GcStorage.I16 => _op.Op == Op.StructGetS ? Runtime.Code.StructGet16S : Runtime.Code.StructGet16U,
            GcStorage.Bits64 => Runtime.Code.StructGet64,
            _ => Runtime.Code.StructGet32,
        });
        Made(result, source, field.Offset);
    }

    void StructSet(int type)
    {
        GcField field = Layout(type).Fields[(int)_op.B];
        int value = PopSource(), target = PopSource();
        if (field.Storage is GcStorage.V128 or GcStorage.Func)
        {
            Leaf(&Leaves.StructSet, [target, value], [field.Offset, (int)field.Storage]);
            return;
        }
        Mark();
        Begin(field.Storage switch
        {
            GcStorage.I8 => Runtime.Code.StructSet8,
            GcStorage.I16 => Runtime.Code.StructSet16,
            GcStorage.Bits64 => Runtime.Code.StructSet64,
            GcStorage.Ref => Runtime.Code.StructSetRef,
            _ => Runtime.Code.StructSet32,
        });
        Field(target);
        Field(value);
        Field(field.Offset);
        Barrier();
    }

    void ArrayGet(int type)
    {
        GcStorage element = Layout(type).Element;
        ValType result = ((ArrayType)_env.Types[type]).Element.Storage.Unpacked;
        int index = PopSource(), array = PopSource();
        if (element is GcStorage.V128 or GcStorage.Func)
        {
            Leaf(&Leaves.ArrayGet, [array, index], [(int)element], result);
            return;
        }
        Mark();
        Begin(element switch
        {
            GcStorage.I8 => _op.Op == Op.ArrayGetS ? Runtime.Code.ArrayGet8S : Runtime.Code.ArrayGet8U,
            GcStorage.I16 => _op.Op == Op.ArrayGetS ? Runtime.Code.ArrayGet16S : Runtime.Code.ArrayGet16U,
            GcStorage.Bits64 => Runtime.Code.ArrayGet64,
            _ => Runtime.Code.ArrayGet32,
        });
        Made(result, array, index);
    }

    void ArraySet(int type)
    {
        GcStorage element = Layout(type).Element;
        int value = PopSource(), index = PopSource(), array = PopSource();
        if (element is GcStorage.V128 or GcStorage.Func)
        {
            Leaf(&Leaves.ArraySet, [array, index, value], [(int)element]);
            return;
        }
        Mark();
        Begin(element switch
        {
            GcStorage.I8 => Runtime.Code.ArraySet8,
            GcStorage.I16 => Runtime.Code.ArraySet16,
            GcStorage.Bits64 => Runtime.Code.ArraySet64,
            GcStorage.Ref => Runtime.Code.ArraySetRef,
            _ => Runtime.Code.ArraySet32,
        });
        Field(array);
        Field(index);
        Field(value);
        Barrier();
    }

    // br_on_cast, br_on_cast_fail: a test into the home above, then a branch that takes the reference with it.
    void BranchOnCast()
    {
        SettleTop(1);
        int reference = _stack[_count - 1].Home, scratch = _top;
        _maxTop = Math.Max(_maxTop, _top + ValRaw.Size);
        bool nullable = (_op.Lane & 2) != 0;
        BeginLeaf(&Leaves.RefTest);
        Field(scratch);
        Field(reference);
        Field(_op.Heap2.Code);
        Field(nullable ? 1 : 0);
        Barrier();
        BranchOn(new Condition { Op = Op.Nop, Slot = scratch }, _op.Op == Op.BrOnCast, _op.A);
    }
}
