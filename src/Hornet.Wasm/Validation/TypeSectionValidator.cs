using System.Runtime.InteropServices;

namespace Hornet.Wasm;

/// <summary>Checks recursion groups one after the other and gives equal types of a module one canonical number. Source: spec, valid/types, recursive types.</summary>
sealed class TypeSectionValidator(ModuleEnvironment module, Features features)
{
    readonly RecGroupEncoding _encoding = new();
    readonly Dictionary<int[], int> _groups = new(RecGroupComparer.Instance);

    /// <summary>Takes in all groups that the environment has gained since the last call.</summary>
    /// <param name="offsets">Where each of them lies in the module.</param>
    public void AddAll(ReadOnlySpan<int> offsets)
    {
        int taken = module.CanonicalType.Count;
        while (module.CanonicalType.Count < module.Types.Count)
        {
            int start = module.CanonicalType.Count, end = start + 1;
            while (end < module.Types.Count && module.RecGroupStart[end] == start) end++;
            Add(start, end, offsets[(start - taken)..]);
        }
    }

    /// <summary>Checks the group of types <paramref name="start"/> up to <paramref name="end"/>.</summary>
    void Add(int start, int end, ReadOnlySpan<int> offsets)
    {
        Span<SubType> types = CollectionsMarshal.AsSpan(module.Types);
        for (int i = start; i < end; i++)
        {
            SubType type = types[i];
            int offset = offsets[i - start];
            // Without recursion groups a type knows those before it.
            CheckReferences(type, (features & Features.Gc) != 0 ? end : i, offset);
            // spec: type use before definition is possible inside the group, but a supertype always precedes.
            if (type.Supertype >= i) WasmFormatException.ThrowInvalid(offset, $"unknown type {type.Supertype}");
            if (type.Kind != CompositeKind.Func || !type.IsFinal || type.Supertype >= 0 || end - start > 1) Require(Features.Gc, offset);
        }
        Canonicalize(types, start, end);
        for (int i = start; i < end; i++) CheckSupertype(types, i, offsets[i - start]);
        for (int i = start; i < end; i++) CheckDefinition(types, i, offsets[i - start]);
    }

    void Canonicalize(Span<SubType> types, int start, int end)
    {
        _encoding.Encode(types[start..end], start, CollectionsMarshal.AsSpan(module.CanonicalType));
        if (!_groups.GetAlternateLookup<ReadOnlySpan<int>>().TryGetValue(_encoding.Code, out int first))
        {
            first = start;
            _groups.Add(_encoding.Code.ToArray(), first);
        }
        for (int i = start; i < end; i++) module.CanonicalType.Add(first + (i - start));
    }

    void CheckSupertype(Span<SubType> types, int index, long offset)
    {
        SubType type = types[index];
        int super = type.Supertype;
        if (super < 0)
        {
            module.SupertypeDepth.Add(0);
            module.SupertypeJump.Add(index);
            return;
        }
        int depth = module.SupertypeDepth[super];
        if (depth >= WasmLimits.SubtypingDepth) WasmFormatException.ThrowLimit(offset, $"sub type hierarchy exceeds the limit of {WasmLimits.SubtypingDepth}");
        // Two jumps of equal length above make one of twice the length.
        int jump = module.SupertypeJump[super], further = module.SupertypeJump[jump];
        bool equal = depth - module.SupertypeDepth[jump] == module.SupertypeDepth[jump] - module.SupertypeDepth[further];
        module.SupertypeDepth.Add((byte)(depth + 1));
        module.SupertypeJump.Add(equal ? further : super);
    }

    // Once the whole group is known: its types may be compared with each other.
    void CheckDefinition(Span<SubType> types, int index, long offset)
    {
        SubType type = types[index];
        int super = type.Supertype;
        if (super >= 0 && (types[super].IsFinal || !TypeMatching.Matches(module, type, types[super])))
            WasmFormatException.ThrowInvalid(offset, $"sub type {index} does not match super type {super}");
    }

    void CheckReferences(SubType type, int end, long offset)
    {
        switch (type)
        {
            case FuncType f:
                foreach (ValType t in f.Parameters) CheckReference(t, end, offset);
                foreach (ValType t in f.Results) CheckReference(t, end, offset);
                if (f.Results.Length > 1) Require(Features.MultiValue, offset);
                break;
            case StructType s:
                foreach (FieldType field in s.Fields) CheckReference(field.Storage, end, offset);
                break;
            case ArrayType a:
                CheckReference(a.Element.Storage, end, offset);
                break;
        }
    }

    void CheckReference(ValType type, int end, long offset)
    {
        if (type.IsRef && type.Heap.IsConcrete && type.Code >= end) WasmFormatException.ThrowInvalid(offset, $"unknown type {type.Code}");
        FeatureGate.Check(type, features, offset);
    }

    void Require(Features feature, long offset) => FeatureGate.Require(features, feature, offset);
}
