using System.Numerics;
using Hornet.Base;
using Hornet.Compiler.Ir;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <content>
/// Structs and arrays. Allocation moves the heap's top, and asks the runtime where that meets the limit; what lies between is zero.
/// Fields are read and written where they lie. An address is made anew for each access: see <see cref="ObjectAddress"/>.
/// </content>
internal sealed partial class FunctionTranslator
{
    static readonly MemFlags ObjectAccess = MemFlags.Trusted(AliasClass.Object);
    static readonly MemFlags CollectorAccess = MemFlags.Trusted(AliasClass.Collector);
    // Of an object's header nothing changes while it lives.
    static readonly MemFlags HeaderAccess = MemFlags.Trusted(AliasClass.ReadOnly);

    // Objects that code allocates by itself, and the most elements of an array of unknown length.
    const int MostBytesInline = 64 << 10, MostElementsInline = 0xFFFF;

    // By value: 1 where it is never null, block + 2 where that has been checked in a block; 0 elsewhere.
    readonly FlatList<int> _checkedIn = new(64);
    // By block: the one before it (+ 1) on every way to it, where that is known.
    readonly FlatList<int> _within = new(64);

    void Aggregate(in Operator op)
    {
        int type = (int)op.A;
        switch (op.Op)
        {
            case Op.StructNew: StructNew(type); break;
            case Op.StructNewDefault: Push(NewObject(type, module.ObjectLayout(type).Size, Value.None)); break;
            case Op.StructGet or Op.StructGetS or Op.StructGetU:
            {
                GcField field = module.ObjectLayout(type).Fields[(int)op.B];
                Value target = NonNull(TrapCode.NullStructReference);
                PushLoaded(((StructType)module.Environment.Types[type]).Fields[(int)op.B].Storage, field.Storage, op.Op == Op.StructGetS, ObjectAddress(target), field.Offset);
                break;
            }
            case Op.StructSet:
            {
                GcField field = module.ObjectLayout(type).Fields[(int)op.B];
                Value value = Stored(_stack.Pop(), field.Storage), target = NonNull(TrapCode.NullStructReference);
                StoreField(value, field.Storage, ObjectAddress(target), field.Offset);
                break;
            }
            case Op.ArrayNew: ArrayNew(type); break;
            case Op.ArrayNewDefault: Push(NewArray(type, _stack.Pop())); break;
            case Op.ArrayNewFixed: ArrayNewFixed(type, (int)op.B); break;
            case Op.ArrayNewData or Op.ArrayNewElem:
            {
                Value length = _stack.Pop(), from = _stack.Pop();
                Push(NeverNull(CallBuiltin(op.Op == Op.ArrayNewData ? Builtin.NewArrayFromData : Builtin.NewArrayFromElem, Pair(op.A, op.B), from, length)));
                break;
            }
            case Op.ArrayGet or Op.ArrayGetS or Op.ArrayGetU:
            {
                Value index = _stack.Pop(), array = NonNull(TrapCode.NullArrayReference);
                GcStorage element = module.ObjectLayout(type).Element;
                PushLoaded(((ArrayType)module.Environment.Types[type]).Element.Storage, element, op.Op == Op.ArrayGetS, ElementAddress(array, index, element), GcType.HeaderBytes);
                break;
            }
            case Op.ArraySet:
            {
                GcStorage element = module.ObjectLayout(type).Element;
                Value value = Stored(_stack.Pop(), element), index = _stack.Pop(), array = NonNull(TrapCode.NullArrayReference);
                StoreField(value, element, ElementAddress(array, index, element), GcType.HeaderBytes);
                break;
            }
            case Op.ArrayLen: Push(Length(NonNull(TrapCode.NullArrayReference))); break;
            case Op.ArrayFill: ArrayFill(type); break;
            case Op.ArrayCopy:
            {
                Value count = _stack.Pop(), from = _stack.Pop(), source = _stack.Pop(), to = _stack.Pop(), target = _stack.Pop();
                CallBuiltin(Builtin.ArrayCopy, Place(target, to), Place(source, from), _builder.Binary(Opcode.Bor, Pair((uint)module.ObjectLayout(type).Element, 0), Wide(count)));
                break;
            }
            case Op.ArrayInitData or Op.ArrayInitElem:
            {
                Value count = _stack.Pop(), from = _stack.Pop(), index = _stack.Pop(), array = _stack.Pop();
                CallBuiltin(op.Op == Op.ArrayInitData ? Builtin.ArrayInitData : Builtin.ArrayInitElem, Pair((uint)module.ObjectLayout(type).Element, op.B), Place(array, index), from, count);
                break;
            }
            case Op.RefTest or Op.RefTestNull: Push(IsInstance(_stack.Pop(), op.Heap, op.Op == Op.RefTestNull)); break;
            case Op.RefCast or Op.RefCastNull: Cast(_stack.Peek(), op.Heap, op.Op == Op.RefCastNull); break;
            // The two hierarchies share their numbers.
            case Op.AnyConvertExtern or Op.ExternConvertAny: break;
            case Op.RefI31:
            {
                Value number = _builder.Binary(Opcode.Bor, _builder.Binary(Opcode.Ishl, _stack.Pop(), Iconst32(1)), Iconst32(1));
                Push(NeverNull(_builder.Convert(Opcode.Bitcast, IrType.Ref, number)));
                break;
            }
            case Op.I31GetS or Op.I31GetU:
                Push(_builder.Binary(op.Op == Op.I31GetS ? Opcode.Sshr : Opcode.Ushr, Bits(NonNull(TrapCode.NullI31Reference)), Iconst32(1)));
                break;
            default: throw new UntranslatedException(op.Op);
        }
    }

    Value Wide(Value value) => _builder.Convert(Opcode.Uextend, IrType.I64, value);

    Value Pair(uint high, uint low) => Iconst64((long)((ulong)high << 32 | low));

    /// <summary>An array and an index as builtins want them.</summary>
    Value Place(Value array, Value index) => _builder.Binary(Opcode.Bor, _builder.Binary(Opcode.Ishl, _builder.RefAddr(array), Iconst64(32)), Wide(index));

    Value Bits(Value reference) => _builder.Convert(Opcode.Ireduce, IrType.I32, _builder.RefAddr(reference));

    Value TypeId(int type) => _builder.Load(IrType.I32, MemFlags.Trusted(AliasClass.ReadOnly), _builder.VmContext(), module.Layout.TypeIds + type * 4);

    Value StorePointer() => ContextPointer(VmOffsets.ContextStore);

    // Null

    Value NeverNull(Value value)
    {
        Know(value, 1);
        return value;
    }

    void Know(Value value, int where)
    {
        if (_checkedIn.Count <= value.Index) _checkedIn.Resize(value.Index + 1, 0);
        if (_checkedIn[value.Index] != 1) _checkedIn[value.Index] = where;
    }

    /// <summary>The uppermost operand, which must not be null.</summary>
    Value NonNull(TrapCode trap)
    {
        Value value = _stack.Pop();
        CheckNull(value, trap);
        return value;
    }

    void CheckNull(Value value, TrapCode trap)
    {
        if (IsKnown(value)) return;
        _builder.Trapz(value, TrapCodes.ToCompiler(trap));
        Know(value, _builder.Current.Index + 2);
    }

    bool IsKnown(Value value)
    {
        const int Steps = 32;
        int known = value.Index < _checkedIn.Count ? _checkedIn[value.Index] : 0;
        if (known < 2) return known == 1;
        int block = _builder.Current.Index;
        for (int i = 0; i < Steps && block >= 0; i++)
        {
            if (block == known - 2) return true;
            block = block < _within.Count ? _within[block] - 1 : -1;
        }
        return false;
    }

    // Allocation

    void StructNew(int type)
    {
        GcType layout = module.ObjectLayout(type);
        int count = layout.Fields.Length;
        EnsureScratch(count);
        // Numbers of functions come from the runtime, so they are there before the object is.
        for (int i = 0; i < count; i++) _scratch[i] = Stored(_stack.Top(count)[i], layout.Fields[i].Storage);
        _stack.Drop(count);
        Value made = NewObject(type, layout.Size, Value.None);
        if (count > 0)
        {
            Value at = ObjectAddress(made);
            for (int i = 0; i < count; i++)
                if (!IsZero(_scratch[i])) StoreField(_scratch[i], layout.Fields[i].Storage, at, layout.Fields[i].Offset);
        }
        Push(made);
    }

    /// <summary>Whether storing a value in a new object changes nothing.</summary>
    bool IsZero(Value value) => _builder.Function.IsIconst(value, out long constant) && constant == 0;

    void ArrayNewFixed(int type, int count)
    {
        GcStorage element = module.ObjectLayout(type).Element;
        int size = GcType.Bytes(element);
        EnsureScratch(count);
        for (int i = 0; i < count; i++) _scratch[i] = Stored(_stack.Top(count)[i], element);
        _stack.Drop(count);
        Value made = NewObject(type, GcType.HeaderBytes + size * count, Iconst32(count));
        if (count > 0)
        {
            Value at = ObjectAddress(made);
            for (int i = 0; i < count; i++)
                if (!IsZero(_scratch[i])) StoreField(_scratch[i], element, at, GcType.HeaderBytes + size * i);
        }
        Push(made);
    }

    void ArrayNew(int type)
    {
        GcStorage element = module.ObjectLayout(type).Element;
        Value length = _stack.Pop(), value = Stored(_stack.Pop(), element);
        Value made = NewArray(type, length);
        if (!IsZero(value)) FillNew(made, length, value, element);
        Push(made);
    }

    // From the first element to the last; nothing in the loop is a safepoint.
    void FillNew(Value array, Value length, Value value, GcStorage element)
    {
        int size = GcType.Bytes(element);
        Value first = ObjectAddress(array);
        Value end = _builder.Binary(Opcode.Iadd, first, _builder.Binary(Opcode.Ishl, Wide(length), Iconst64(BitOperations.Log2((uint)size))));
        Block loop = _builder.CreateBlock(), done = _builder.CreateBlock(), before = _builder.Current;
        _builder.Function.AppendParam(loop, IrType.I64);
        _builder.Brif(length, loop, [first], done, []);
        _builder.SwitchTo(loop);
        Value at = _builder.Param(loop, 0);
        StoreField(value, element, at, GcType.HeaderBytes);
        Value next = _builder.Binary(Opcode.Iadd, at, Iconst64(size));
        _builder.Brif(_builder.Icmp(IntCC.Ult, next, end), loop, [next], done, []);
        _builder.Seal(loop);
        _builder.Seal(done);
        ContinueIn(done, before);
    }

    /// <summary>An object of a known size: a struct, or an array of the given length.</summary>
    Value NewObject(int type, int bytes, Value length)
    {
        if (bytes > MostBytesInline) return NeverNull(AskForObject(type, length));
        return Allocate(type, Iconst32(bytes + 7 & ~7), length, _builder.CreateBlock());
    }

    Value AskForObject(int type, Value length) =>
        length.IsNone ? CallBuiltin(Builtin.NewStruct, Iconst32(type)) : CallBuiltin(Builtin.NewArray, Iconst32(type), length);

    Value NewArray(int type, Value length)
    {
        int shift = BitOperations.Log2((uint)GcType.Bytes(module.ObjectLayout(type).Element));
        Block slow = _builder.CreateBlock(), small = _builder.CreateBlock();
        Value tooLong = _builder.Icmp(IntCC.Ugt, length, Iconst32(MostElementsInline));
        _builder.Brif(tooLong, slow, [], small, []);
        _builder.Seal(small);
        ContinueIn(small);
        Value elements = shift == 0 ? length : _builder.Binary(Opcode.Ishl, length, Iconst32(shift));
        Value bytes = _builder.Binary(Opcode.Band, _builder.Binary(Opcode.Iadd, elements, Iconst32(GcType.HeaderBytes + 7)), Iconst32(~7));
        return Allocate(type, bytes, length, slow);
    }

    /// <summary>Moves the heap's top; <paramref name="slow"/> becomes the block that asks the runtime.</summary>
    Value Allocate(int type, Value bytes, Value length, Block slow)
    {
        Block fast = _builder.CreateBlock(), done = _builder.CreateBlock(), before = _builder.Current;
        _builder.Function.AppendParam(done, IrType.Ref);
        Value store = StorePointer();
        Value top = _builder.Load(IrType.I32, CollectorAccess, store, VmOffsets.StoreHeapTop);
        Value next = _builder.Binary(Opcode.Iadd, top, bytes);
        Value over = _builder.Icmp(IntCC.Ugt, next, _builder.Load(IrType.I32, CollectorAccess, store, VmOffsets.StoreHeapLimit));
        _builder.Brif(over, slow, [], fast, []);
        _builder.Seal(fast);
        _builder.Seal(slow);
        _builder.SwitchTo(fast);
        _builder.Store(CollectorAccess, next, store, VmOffsets.StoreHeapTop);
        Value at = _builder.Binary(Opcode.Iadd, _builder.Load(IrType.I64, CollectorAccess, store, VmOffsets.StoreHeapBase), Wide(top));
        _builder.Store(ObjectAccess, TypeId(type), at, 0);
        if (!length.IsNone) _builder.Store(ObjectAccess, length, at, 4);
        _builder.Jump(done, _builder.Convert(Opcode.Bitcast, IrType.Ref, top));
        _builder.Function[slow].Cold = true;
        _builder.SwitchTo(slow);
        _builder.Jump(done, AskForObject(type, length));
        _builder.Seal(done);
        ContinueIn(done, before);
        return NeverNull(_builder.Param(done, 0));
    }

    // Fields and elements

    /// <summary>A value as a field holds it: of a function, its number. May be a safepoint.</summary>
    Value Stored(Value value, GcStorage storage)
    {
        if (storage != GcStorage.Func) return value;
        if (IsZero(value)) return Iconst32(0);
        return _builder.Convert(Opcode.Ireduce, IrType.I32, CallBuiltin(Builtin.FunctionNumber, value));
    }

    void StoreField(Value value, GcStorage storage, Value at, int offset)
    {
        Opcode op = storage switch { GcStorage.I8 => Opcode.Store8, GcStorage.I16 => Opcode.Store16, _ => Opcode.Store };
        _builder.Store(op, ObjectAccess, value, at, offset);
    }

    void PushLoaded(ValType type, GcStorage storage, bool signed, Value at, int offset)
    {
        switch (storage)
        {
            case GcStorage.I8: Push(_builder.Load(signed ? Opcode.Sload8 : Opcode.Uload8, IrType.I32, ObjectAccess, at, offset)); break;
            case GcStorage.I16: Push(_builder.Load(signed ? Opcode.Sload16 : Opcode.Uload16, IrType.I32, ObjectAccess, at, offset)); break;
            case GcStorage.Func:
            {
                Value number = Wide(_builder.Load(IrType.I32, ObjectAccess, at, offset));
                Value functions = _builder.Load(IrType.I64, CollectorAccess, StorePointer(), VmOffsets.StoreHeapFunctions);
                Push(_builder.Load(IrType.I64, MemFlags.Trusted(AliasClass.ReadOnly), _builder.Binary(Opcode.Iadd, functions, _builder.Binary(Opcode.Ishl, number, Iconst64(3))), 0));
                break;
            }
            default: Push(_builder.Load(module.TypeOf(type), ObjectAccess, at, offset)); break;
        }
        if (type.IsRef && !type.IsNullable) NeverNull(_stack.Peek());
    }

    Value Length(Value array) => _builder.Load(IrType.I32, HeaderAccess, ObjectAddress(array), 4);

    /// <summary>An element's address without the header; the index is checked, and masked where a mispredicted check could read elsewhere.</summary>
    Value ElementAddress(Value array, Value index, GcStorage element)
    {
        Value outside = _builder.Icmp(IntCC.Uge, index, Length(array));
        _builder.Trapnz(outside, TrapCodes.ToCompiler(TrapCode.ArrayOutOfBounds));
        Value safe = Wide(_builder.Select(outside, Iconst32(0), index, guard: true));
        int shift = BitOperations.Log2((uint)GcType.Bytes(element));
        return _builder.Binary(Opcode.Iadd, ObjectAddress(array), shift == 0 ? safe : _builder.Binary(Opcode.Ishl, safe, Iconst64(shift)));
    }

    void ArrayFill(int type)
    {
        GcStorage element = module.ObjectLayout(type).Element;
        Value count = _stack.Pop(), value = _stack.Pop(), index = _stack.Pop(), array = _stack.Pop();
        StackSlot slot = _builder.CreateStackSlot(2 * ValRaw.Size, 16);
        // The runtime reads it before anything can move.
        Value payload = _builder.Function.TypeOf(value) == IrType.Ref ? _builder.RefAddr(value) : value;
        _builder.Store(MemFlags.Trusted(AliasClass.Stack), payload, _builder.StackAddr(slot), 0);
        CallBuiltin(Builtin.ArrayFill, Iconst32((int)element), Place(array, index), count, _builder.StackAddr(slot));
    }

    // Casts. Source: spec, exec/instructions, ref.test; exec/values, value typing

    /// <summary>Whether a value is of a type: an i32.</summary>
    Value IsInstance(Value value, HeapType heap, bool nullable)
    {
        int ofNull = nullable ? 1 : 0;
        if (heap == HeapType.None || heap == HeapType.NoExtern || heap == HeapType.NoExn || heap == HeapType.NoFunc) return nullable ? IsNull(value) : Iconst32(0);
        if (heap == HeapType.Any || heap == HeapType.Extern || heap == HeapType.Exn || heap == HeapType.Func)
            return nullable ? Iconst32(1) : _builder.Icmp(IntCC.Ne, value, _builder.Iconst(_builder.Function.TypeOf(value), 0));
        if (heap == HeapType.I31 || heap == HeapType.Eq) return IsTagged(value, heap, nullable);
        Block done = _builder.CreateBlock(), before = _builder.Current;
        _builder.Function.AppendParam(done, IrType.I32);
        if (!IsKnown(value))
        {
            Block some = _builder.CreateBlock();
            _builder.Brif(value, some, [], done, [Iconst32(ofNull)]);
            _builder.Seal(some);
            ContinueIn(some);
        }
        if (_builder.Function.TypeOf(value) == IrType.Ref)
        {
            Block obj = _builder.CreateBlock();
            _builder.Brif(_builder.Binary(Opcode.Band, Bits(value), Iconst32(3)), done, [Iconst32(0)], obj, []);
            _builder.Seal(obj);
            ContinueIn(obj);
        }
        _builder.Jump(done, IsOfType(value, heap));
        _builder.Seal(done);
        ContinueIn(done, before);
        return _builder.Param(done, 0);
    }

    // The lowest bits say it: xx1 an i31, x10 the host's, 000 an object or null.
    Value IsTagged(Value value, HeapType heap, bool nullable)
    {
        Value bits = Bits(value);
        Value result = heap == HeapType.I31
            ? _builder.Binary(Opcode.Band, bits, Iconst32(1))
            : _builder.Icmp(IntCC.Ne, _builder.Binary(Opcode.Band, bits, Iconst32(3)), Iconst32(2));
        if (nullable == (heap == HeapType.Eq)) return result;
        Value zero = Iconst32(0);
        return nullable
            ? _builder.Binary(Opcode.Bor, result, _builder.Icmp(IntCC.Eq, bits, zero))
            : _builder.Binary(Opcode.Band, result, _builder.Icmp(IntCC.Ne, bits, zero));
    }

    /// <summary>Whether an object, or a function, is of a type: by its id alone where nothing can be below it, else by its display.</summary>
    Value IsOfType(Value value, HeapType heap)
    {
        Value actual = _builder.Function.TypeOf(value) == IrType.Ref
            ? _builder.Load(IrType.I32, HeaderAccess, ObjectAddress(value), 0)
            : _builder.Load(IrType.I32, HeaderAccess, value, VmOffsets.FuncRefTypeId);
        if (!heap.IsConcrete) return _builder.Icmp(IntCC.Eq, Display(actual, 0), Iconst32((int)(heap == HeapType.Struct ? CompositeKind.Struct : CompositeKind.Array)));
        return IsSubtype(actual, heap.Code);
    }

    Value IsSubtype(Value actual, int type)
    {
        Value expected = TypeId(type);
        if (module.Environment.Types[type].IsFinal) return _builder.Icmp(IntCC.Eq, actual, expected);
        int depth = module.DepthOf(type);
        if (depth < TypeRegistry.DisplayDepth) return _builder.Icmp(IntCC.Eq, Display(actual, 1 + depth), expected);
        return _builder.Convert(Opcode.Ireduce, IrType.I32, CallBuiltin(Builtin.IsSubtype, actual, expected));
    }

    /// <summary>A word of what is known of a type: see <see cref="TypeRegistry.Displays"/>.</summary>
    Value Display(Value id, int word)
    {
        Value displays = _builder.Load(IrType.I64, CollectorAccess, StorePointer(), VmOffsets.StoreTypeDisplays);
        Value row = _builder.Binary(Opcode.Ishl, Wide(id), Iconst64(BitOperations.Log2(TypeRegistry.DisplayWords * 4)));
        return _builder.Load(IrType.I32, HeaderAccess, _builder.Binary(Opcode.Iadd, displays, row), word * 4);
    }

    void Cast(Value value, HeapType heap, bool nullable)
    {
        Compiler.TrapCode failure = TrapCodes.ToCompiler(TrapCode.CastFailure);
        bool ofObjects = _builder.Function.TypeOf(value) == IrType.Ref && (heap.IsConcrete || heap == HeapType.Struct || heap == HeapType.Array);
        if (!ofObjects)
        {
            _builder.Trapz(IsInstance(value, heap, nullable), failure);
            if (!nullable) Know(value, _builder.Current.Index + 2);
            return;
        }
        Block done = Block.None, before = _builder.Current;
        if (!IsKnown(value))
        {
            if (nullable)
            {
                Block some = _builder.CreateBlock();
                done = _builder.CreateBlock();
                _builder.Brif(value, some, [], done, []);
                _builder.Seal(some);
                ContinueIn(some);
            }
            else
            {
                _builder.Trapz(value, failure);
                Know(value, _builder.Current.Index + 2);
            }
        }
        _builder.Trapnz(_builder.Binary(Opcode.Band, Bits(value), Iconst32(3)), failure);
        _builder.Trapz(IsOfType(value, heap), failure);
        if (done.IsNone) return;
        _builder.Jump(done);
        _builder.Seal(done);
        ContinueIn(done, before);
    }
}
