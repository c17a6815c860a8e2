namespace Hornet.Wasm;

// References, structures, arrays, i31.
public sealed partial class FunctionValidator
{
    static readonly ValType NonNullI31 = ValType.Ref(HeapType.I31, nullable: false);

    void Reference(in Operator op)
    {
        switch (op.Op)
        {
            case Op.RefNull:
                CheckHeapType(op.Heap);
                Push(ValType.Ref(op.Heap, nullable: true));
                break;
            case Op.RefIsNull:
                PopRef();
                Push(ValType.I32);
                break;
            case Op.RefFunc:
                if (op.A >= (uint)_context.Functions.Count) Invalid($"unknown function {op.A}");
                if (!_context.IsDeclared((int)op.A)) Invalid("undeclared function reference");
                Push(FunctionReference((int)op.A));
                break;
            case Op.RefEq:
                Pop(ValType.EqRef);
                Pop(ValType.EqRef);
                Push(ValType.I32);
                break;
            case Op.RefAsNonNull:
                Push(NonNull(PopRef()));
                break;
            case Op.BrOnNull:
                ref readonly ControlFrame onNull = ref Label(op.A);
                ValType tested = PopRef();
                Retype(LabelTypes(onNull));
                Push(NonNull(tested));
                break;
            default:
                BrOnNonNull(op);
                break;
        }
    }

    // What unreachable code conjured up for a reference is still one, of every heap type at once.
    static ValType NonNull(ValType type) => type.IsBottom ? ValType.Ref(HeapType.Bottom, nullable: false) : type.AsNonNull();

    // Without typed references the type of a function reference cannot be told in the binary format.
    ValType FunctionReference(int function) =>
        (_features & Features.FunctionReferences) == 0 ? ValType.FuncRef : ValType.Ref(HeapType.Concrete(_context.Functions[function]), nullable: false);

    // spec: valid-br_on_non_null. The label takes the reference last.
    void BrOnNonNull(in Operator op)
    {
        ReadOnlySpan<ValType> types = LabelTypes(Label(op.A));
        if (types.IsEmpty || !types[^1].IsRef) Invalid($"type mismatch: label takes [{Join(types)}] but the branch passes a reference");
        ValType tested = PopRef();
        ValType passed = NonNull(tested);
        if (!_context.Matches(passed, types[^1])) Mismatch(types[^1], passed.ToString());
        Retype(types[..^1]);
    }

    void Aggregate(in Operator op)
    {
        switch (op.Op)
        {
            case Op.StructNew or Op.StructNewDefault or Op.StructGet or Op.StructGetS or Op.StructGetU or Op.StructSet:
                Structure(op);
                break;
            case Op.RefTest or Op.RefTestNull or Op.RefCast or Op.RefCastNull:
                Cast(op);
                break;
            case Op.BrOnCast or Op.BrOnCastFail:
                BrOnCast(op);
                break;
            case Op.AnyConvertExtern:
                Convert(HeapType.Extern, HeapType.Any);
                break;
            case Op.ExternConvertAny:
                Convert(HeapType.Any, HeapType.Extern);
                break;
            case Op.RefI31:
                Pop(ValType.I32);
                Push(NonNullI31);
                break;
            case Op.I31GetS or Op.I31GetU:
                Pop(ValType.I31Ref);
                Push(ValType.I32);
                break;
            case Op.ArrayLen:
                Pop(ValType.ArrayRef);
                Push(ValType.I32);
                break;
            case Op.ArrayNew or Op.ArrayNewDefault or Op.ArrayNewFixed or Op.ArrayNewData or Op.ArrayNewElem:
                NewArray(op);
                break;
            default:
                ArrayAccess(op);
                break;
        }
    }

    static ValType Nullable(uint type) => ValType.Ref(HeapType.Concrete((int)type), nullable: true);
    static ValType NonNull(uint type) => ValType.Ref(HeapType.Concrete((int)type), nullable: false);

    void Structure(in Operator op)
    {
        if (Type(op.A) is not StructType type)
        {
            Invalid($"type mismatch: type {op.A} is not a structure type");
            return;
        }
        if (op.Op is Op.StructNew or Op.StructNewDefault)
        {
            if (op.Op == Op.StructNewDefault && !type.IsDefaultable) Invalid($"type mismatch: a field of type {op.A} has no default");
            for (int i = op.Op == Op.StructNew ? type.Fields.Length - 1 : -1; i >= 0 && !AllConjuredUp; i--) Pop(type.Fields[i].Storage.Unpacked);
            Push(NonNull(op.A));
            return;
        }
        if (op.B >= (uint)type.Fields.Length) Invalid($"unknown field {op.B}");
        FieldType field = type.Fields[(int)op.B];
        if (op.Op == Op.StructSet)
        {
            if (!field.IsMutable) Invalid("immutable field");
            Pop(field.Storage.Unpacked);
            Pop(Nullable(op.A));
            return;
        }
        CheckPacking(field, op.Op is Op.StructGetS or Op.StructGetU);
        Pop(Nullable(op.A));
        Push(field.Storage.Unpacked);
    }

    void CheckPacking(FieldType field, bool extends)
    {
        if (field.Storage.IsPacked != extends) Invalid(extends ? "type mismatch: field is not packed" : "type mismatch: field is packed");
    }

    FieldType Element(uint index)
    {
        if (Type(index) is not ArrayType type)
        {
            Invalid($"type mismatch: type {index} is not an array type");
            return default;
        }
        return type.Element;
    }

    void NewArray(in Operator op)
    {
        FieldType element = Element(op.A);
        switch (op.Op)
        {
            case Op.ArrayNew:
                Pop(ValType.I32);
                Pop(element.Storage.Unpacked);
                break;
            case Op.ArrayNewDefault:
                if (!element.Storage.IsDefaultable) Invalid($"type mismatch: elements of type {op.A} have no default");
                Pop(ValType.I32);
                break;
            case Op.ArrayNewFixed:
                if (op.B > WasmLimits.ArrayNewFixed) WasmFormatException.ThrowLimit(_offset, $"array.new_fixed of {op.B} elements exceeds the limit of {WasmLimits.ArrayNewFixed}");
                for (uint i = 0; i < op.B && !AllConjuredUp; i++) Pop(element.Storage.Unpacked);
                break;
            case Op.ArrayNewData:
                CheckNumericElement(element);
                Data(op.B);
                Pop(ValType.I32);
                Pop(ValType.I32);
                break;
            default:
                CheckElem(op.B, element);
                Pop(ValType.I32);
                Pop(ValType.I32);
                break;
        }
        Push(NonNull(op.A));
    }

    void CheckNumericElement(FieldType element)
    {
        if (element.Storage.IsRef) Invalid("array type is not numeric or vector");
    }

    void CheckElem(uint segment, FieldType element)
    {
        ValType type = Elem(segment);
        if (!_context.Matches(type, element.Storage)) Invalid($"type mismatch: element segment of {type} does not match array of {element.Storage}");
    }

    void ArrayAccess(in Operator op)
    {
        FieldType element = Element(op.A);
        bool writes = op.Op is not (Op.ArrayGet or Op.ArrayGetS or Op.ArrayGetU);
        if (writes && !element.IsMutable) Invalid("immutable array");
        switch (op.Op)
        {
            case Op.ArrayGet or Op.ArrayGetS or Op.ArrayGetU:
                CheckPacking(element, op.Op != Op.ArrayGet);
                Pop(ValType.I32);
                Pop(Nullable(op.A));
                Push(element.Storage.Unpacked);
                break;
            case Op.ArraySet:
                Pop(element.Storage.Unpacked);
                Pop(ValType.I32);
                Pop(Nullable(op.A));
                break;
            case Op.ArrayFill:
                Pop(ValType.I32);
                Pop(element.Storage.Unpacked);
                Pop(ValType.I32);
                Pop(Nullable(op.A));
                break;
            case Op.ArrayCopy:
                FieldType source = Element(op.B);
                if (!_context.Matches(source.Storage, element.Storage)) Invalid("array types do not match");
                Pop(ValType.I32);
                Pop(ValType.I32);
                Pop(Nullable(op.B));
                Pop(ValType.I32);
                Pop(Nullable(op.A));
                break;
            default:
                if (op.Op == Op.ArrayInitData)
                {
                    CheckNumericElement(element);
                    Data(op.B);
                }
                else
                {
                    CheckElem(op.B, element);
                }
                Pop(ValType.I32);
                Pop(ValType.I32);
                Pop(ValType.I32);
                Pop(Nullable(op.A));
                break;
        }
    }

    // spec: valid-ref.test, valid-ref.cast: any operand of the same hierarchy
    void Cast(in Operator op)
    {
        CheckHeapType(op.Heap);
        Pop(ValType.Ref(Top(op.Heap), nullable: true));
        Push(op.Op is Op.RefTest or Op.RefTestNull ? ValType.I32 : ValType.Ref(op.Heap, op.Op == Op.RefCastNull));
    }

    /// <summary>The most general type of a heap type's hierarchy.</summary>
    HeapType Top(HeapType type)
    {
        if (type.IsConcrete) return _context.Types[type.Code].Kind == CompositeKind.Func ? HeapType.Func : HeapType.Any;
        if (type == HeapType.Func || type == HeapType.NoFunc) return HeapType.Func;
        if (type == HeapType.Extern || type == HeapType.NoExtern) return HeapType.Extern;
        return type == HeapType.Exn || type == HeapType.NoExn ? HeapType.Exn : HeapType.Any;
    }

    // spec: valid-br_on_cast
    void BrOnCast(in Operator op)
    {
        CheckHeapType(op.Heap);
        CheckHeapType(op.Heap2);
        ValType from = ValType.Ref(op.Heap, (op.Lane & 1) != 0), to = ValType.Ref(op.Heap2, (op.Lane & 2) != 0);
        if (!_context.Matches(to, from)) Invalid($"type mismatch: {to} does not match {from}");
        // What is left where the cast fails: null only if the target does not take it.
        ValType rest = to.IsNullable ? from.AsNonNull() : from;
        (ValType taken, ValType left) = op.Op == Op.BrOnCast ? (to, rest) : (rest, to);
        ReadOnlySpan<ValType> types = LabelTypes(Label(op.A));
        if (types.IsEmpty || !_context.Matches(taken, types[^1])) Invalid($"type mismatch: label takes [{Join(types)}] but the branch passes {taken}");
        Pop(from);
        Retype(types[..^1]);
        Push(left);
    }

    // spec: valid-any.convert_extern: nullability is kept
    void Convert(HeapType from, HeapType to)
    {
        ValType operand = Pop(ValType.Ref(from, nullable: true));
        Push(ValType.Ref(to, operand.IsNullable));
    }
}
