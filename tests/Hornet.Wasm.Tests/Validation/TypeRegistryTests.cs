using Hornet.Wasm;

namespace Hornet.Wasm.Tests.Validation;

public sealed class TypeRegistryTests
{
    static ValType Ref(int type, bool nullable = true) => ValType.Ref(HeapType.Concrete(type), nullable);

    internal static ModuleEnvironment Module(params SubType[][] groups)
    {
        ModuleEnvironment module = new();
        TypeSectionValidator validator = new(module, Features.All);
        foreach (SubType[] group in groups)
        {
            int start = module.Types.Count;
            foreach (SubType type in group)
            {
                module.Types.Add(type);
                module.RecGroupStart.Add(start);
            }
        }
        validator.AddAll([.. Enumerable.Repeat(7, module.Types.Count)]);
        return module;
    }

    static StructType Struct(params ValType[] fields) => new([.. fields.Select(f => new FieldType(f, false))]) { IsFinal = false };

    static StructType Sub(int super, params ValType[] fields) => new([.. fields.Select(f => new FieldType(f, false))]) { IsFinal = false, Supertype = super };

    [Fact]
    public void EqualGroupsShareACanonicalNumber()
    {
        ModuleEnvironment module = Module(
            [Struct(Ref(0))],
            [Struct(Ref(1))],
            [Struct(Ref(0))],
            [Struct(Ref(4)), Struct(Ref(3))],
            [Struct(Ref(6)), Struct(Ref(5))],
            [Struct(Ref(8)), Struct(Ref(8))]);
        Assert.Equal([0, 0, 2, 3, 4, 3, 4, 7, 8], module.CanonicalType);
    }

    [Fact]
    public void ReferencesToEqualTypesAreEqual()
    {
        ModuleEnvironment module = Module([Struct(ValType.I32)], [Struct(ValType.I32)], [new FuncType([Ref(0)], [])], [new FuncType([Ref(1)], [])]);
        Assert.Equal([0, 0, 2, 2], module.CanonicalType);
        Assert.True(TypeMatching.Matches(module, Ref(0), Ref(1)));
        Assert.True(TypeMatching.Matches(module, Ref(1), Ref(0)));
    }

    [Fact]
    public void DeclaredSubtypesMatchThroughTheChain()
    {
        ModuleEnvironment module = Module([Struct(ValType.I32)], [Sub(0, ValType.I32, ValType.I64)], [Struct(ValType.I32)], [Sub(1, ValType.I32, ValType.I64)], [Struct(ValType.F32)]);
        Assert.True(TypeMatching.Matches(module, Ref(3), Ref(2)));
        Assert.False(TypeMatching.Matches(module, Ref(2), Ref(3)));
        Assert.False(TypeMatching.Matches(module, Ref(3), Ref(4)));
        Assert.False(TypeMatching.Matches(module, Ref(0), Ref(0, false)));
        Assert.True(TypeMatching.Matches(module, Ref(0, false), Ref(0)));
    }

    [Fact]
    public void AbstractTypesFormThreeAndOneHierarchies()
    {
        ModuleEnvironment module = Module([Struct(ValType.I32)], [new ArrayType(new(ValType.I8, true))], [new FuncType([], [])]);
        HeapType[] all = [HeapType.NoExn, HeapType.NoFunc, HeapType.NoExtern, HeapType.None, HeapType.Func, HeapType.Extern, HeapType.Any, HeapType.Eq,
            HeapType.I31, HeapType.Struct, HeapType.Array, HeapType.Exn, HeapType.Concrete(0), HeapType.Concrete(1), HeapType.Concrete(2)];
        string[] lines = [.. all.Select(sub => $"{sub}: " + string.Join(' ', all.Where(super => super != sub && TypeMatching.Matches(module, sub, super))))];
        Assert.Equal(
        [
            "noexn: exn", "nofunc: func 2", "noextern: extern", "none: any eq i31 struct array 0 1", "func: ", "extern: ", "any: ", "eq: any",
            "i31: any eq", "struct: any eq", "array: any eq", "exn: ", "0: any eq struct", "1: any eq array", "2: func",
        ], lines);
        Assert.All(all, super => Assert.True(TypeMatching.Matches(module, HeapType.Bottom, super)));
    }

    [Theory]
    [InlineData("final", "sub type 1 does not match super type 0")]
    [InlineData("kind", "sub type 1 does not match super type 0")]
    [InlineData("field", "sub type 1 does not match super type 0")]
    [InlineData("fewer", "sub type 1 does not match super type 0")]
    [InlineData("mutability", "sub type 1 does not match super type 0")]
    [InlineData("mutable field", "sub type 1 does not match super type 0")]
    [InlineData("forward", "unknown type 1")]
    [InlineData("unknown", "unknown type 9")]
    public void BadDeclarationsAreInvalid(string what, string message)
    {
        SubType[] types = what switch
        {
            "final" => [new StructType([]), Sub(0)],
            "kind" => [Struct(), new FuncType([], []) { Supertype = 0 }],
            "field" => [Struct(ValType.I32), Sub(0, ValType.I64)],
            "fewer" => [Struct(ValType.I32), Sub(0)],
            "mutability" => [Struct(ValType.I32), new StructType([new(ValType.I32, true)]) { Supertype = 0 }],
            "mutable field" => [new StructType([new(ValType.AnyRef, true)]) { IsFinal = false }, new StructType([new(ValType.EqRef, true)]) { Supertype = 0 }],
            "forward" => [Sub(1), Struct()],
            _ => [Struct(Ref(9))],
        };
        WasmFormatException e = Assert.Throws<WasmFormatException>(() => Module([.. types.Select(t => new[] { t })]));
        Assert.Equal((FormatErrorKind.Invalid, message, 7L), (e.Kind, e.Reason, e.Offset));
    }

    [Fact]
    public void EveryTypeOfAChainIsASubtypeOfThoseAboveIt()
    {
        // A chain, and beside it one that leaves it in the middle.
        ModuleEnvironment module = Module([.. Enumerable.Range(0, 64).Select(i => new SubType[] { Sub(i - 1) }), .. Enumerable.Range(0, 30).Select(i => new SubType[] { Sub(i == 0 ? 31 : 63 + i, ValType.I32) })]);
        for (int sub = 0; sub < 94; sub++)
            for (int super = 0; super < 94; super++)
                Assert.Equal(super < 64 ? super <= Math.Min(sub, sub < 64 ? 63 : 31) : sub >= super, TypeMatching.Matches(module, Ref(sub), Ref(super)));
    }

    [Fact]
    public void SupertypeChainsHaveALimit()
    {
        SubType[][] Chain(int length) => [.. Enumerable.Range(0, length).Select(i => new SubType[] { Sub(i - 1) })];
        Module(Chain(64));
        Assert.Equal(FormatErrorKind.Limit, Assert.Throws<WasmFormatException>(() => Module(Chain(65))).Kind);
    }

    [Fact]
    public void TwoModulesShareIdsAndReleaseThem()
    {
        TypeRegistry registry = new();
        SubType[][] types = [[Struct(ValType.I32)], [Sub(0, ValType.I32, Ref(1)), new FuncType([Ref(1)], [Ref(2)])]];
        TypeRegistration a = registry.Register(Module(types));
        TypeRegistration b = registry.Register(Module([[new FuncType([], [])], [Struct(ValType.I32)], [Sub(1, ValType.I32, Ref(2)), new FuncType([Ref(2)], [Ref(3)])]]));
        Assert.Equal(a.Ids.ToArray(), b.Ids[1..].ToArray());
        Assert.DoesNotContain(0u, b.Ids.ToArray());
        Assert.Equal(4, registry.Count);
        Assert.True(registry.IsSubtype(a.Ids[1], a.Ids[0]));
        Assert.False(registry.IsSubtype(a.Ids[0], a.Ids[1]));
        Assert.Equal([a.Ids[0], a.Ids[1]], registry.SupertypesOf(a.Ids[1]).ToArray());
        FuncType f = registry.FunctionType(a.Ids[2]);
        Assert.Equal(((int)a.Ids[1], (int)a.Ids[2]), (f.Parameters[0].Code, f.Results[0].Code));
        Assert.Equal((int)a.Ids[0], registry[a.Ids[1]].Supertype);
        uint kept = a.Ids[2], gone = b.Ids[0];
        b.Dispose();
        b.Dispose();
        Assert.Equal(3, registry.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => registry[gone]);
        Assert.Equal(CompositeKind.Func, registry[kept].Kind);
        a.Dispose();
        Assert.Equal(0, registry.Count);
    }

    [Fact]
    public void AGroupKeepsTheGroupsItRefersTo()
    {
        TypeRegistry registry = new();
        TypeRegistration module = registry.Register(Module([[Struct(ValType.I32)], [new FuncType([Ref(0)], [])]]));
        int structId = (int)module.Ids[0];
        TypeRegistration host = registry.Register(new FuncType([Ref(structId)], []));
        Assert.Equal(module.Ids[1], host.Ids[0]);
        module.Dispose();
        Assert.Equal(2, registry.Count);
        Assert.Equal(CompositeKind.Struct, registry[(uint)structId].Kind);
        Assert.True(registry.Matches(Ref((int)host.Ids[0], false), ValType.FuncRef));
        host.Dispose();
        Assert.Equal(0, registry.Count);
    }

    [Fact]
    public void RandomModulesHaveTheRelationsOfTheirOwnTypes()
    {
        Random random = new(5);
        TypeRegistry registry = new();
        Queue<TypeRegistration> held = new();
        int pairs = 0;
        for (int round = 0; round < 3000; round++)
        {
            ModuleEnvironment module;
            try
            {
                module = ModuleValidator.Validate(WasmtimeVerdictTests.TypesAndACast(random), Features.All, new() { MaxDegreeOfParallelism = 1 });
            }
            catch (WasmFormatException)
            {
                continue;
            }
            TypeRegistration types = registry.Register(module);
            held.Enqueue(types);
            if (held.Count > 20) held.Dequeue().Dispose();
            for (int i = 0; i < module.Types.Count; i++)
            {
                Assert.Equal(module.Types[i].Kind, registry[types.Ids[i]].Kind);
                for (int j = 0; j < module.Types.Count; j++)
                {
                    pairs++;
                    Assert.Equal(module.CanonicalType[i] == module.CanonicalType[j], types.Ids[i] == types.Ids[j]);
                    Assert.Equal(TypeMatching.Matches(module, Ref(i), Ref(j)), registry.Matches(Ref((int)types.Ids[i]), Ref((int)types.Ids[j])));
                }
            }
        }
        foreach (TypeRegistration types in held) types.Dispose();
        Assert.Equal(0, registry.Count);
        Assert.InRange(pairs, 5_000, 1_000_000);
    }

    [Fact]
    public void ManyThreadsRegisterAndRelease()
    {
        TypeRegistry registry = new();
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            ValType[] fields = [.. Enumerable.Repeat(ValType.I32, i % 97)];
            using TypeRegistration r = registry.Register(Module([[Struct(fields)], [Sub(0, [.. fields, ValType.I64])]]));
            Assert.True(registry.IsSubtype(r.Ids[1], r.Ids[0]));
            Assert.Equal(i % 97, ((StructType)registry[r.Ids[0]]).Fields.Length);
        });
        Assert.Equal(0, registry.Count);
    }
}
