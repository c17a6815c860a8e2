namespace Hornet.Wasm.Tests.Validation;

/// <summary>One row for each rule of the validation algorithm. The module that bodies stand in is below.</summary>
public sealed class FunctionValidatorTests
{
    // Functions: one of each signature that the rows use.
    const int Nothing = 0, TakesI32 = 1, GivesI32 = 2, TakesRef3 = 3, GivesTwo = 4;

    static ValType Ref(int type, bool nullable = false) => ValType.Ref(HeapType.Concrete(type), nullable);

    static readonly ModuleEnvironment Module = Build();

    static ModuleEnvironment Build()
    {
        ModuleEnvironment module = TypeRegistryTests.Module(
            [new FuncType([], [])],
            [new FuncType([ValType.I32], [])],
            [new FuncType([], [ValType.I32])],
            [new StructType([new(ValType.I32, true), new(ValType.I8, false), new(ValType.I64, false)]) { IsFinal = false }],
            [new FuncType([], [ValType.I32, ValType.I64])],
            [new ArrayType(new(ValType.I32, true))],
            [new ArrayType(new(ValType.I8, true))],
            [new ArrayType(new(ValType.FuncRef, true))],
            [new ArrayType(new(ValType.I32, false))],
            [new StructType([new(ValType.I32, true), new(ValType.I8, false), new(ValType.I64, false), new(ValType.F32, false)]) { Supertype = 3 }],
            [new StructType([new(Ref(3), true)])],
            [new FuncType([Ref(3)], [])],
            [new FuncType([ValType.I32, ValType.I32], [ValType.I32])],
            [new FuncType([ValType.I32], [ValType.I32])]);
        module.Functions.AddRange([0, 1, 2, 11, 4, 13]);
        module.DeclaredFunctions.UnionWith([Nothing, TakesI32]);
        module.Tables.AddRange([new(ValType.FuncRef, new(0, null)), new(ValType.FuncRef, new(0, null), Is64: true), new(ValType.ExternRef, new(0, null))]);
        module.Memories.AddRange([new(new(1, null)), new(new(1, null), Is64: true)]);
        module.Globals.AddRange([new(ValType.I32, false), new(ValType.I64, true)]);
        module.Tags.AddRange([0, 1, 11]);
        module.Elems.AddRange([new(SegmentMode.Passive, 0, default, ValType.FuncRef, false, 0, default), new(SegmentMode.Passive, 0, default, ValType.ExternRef, true, 0, default)]);
        module.DataCount = 2;
        return module;
    }

    static WasmFormatException? Validate(int function, string locals, string code, Features features = Features.All)
    {
        FunctionValidator validator = new(new(Module, features));
        byte[] body = Assembly.Body(locals, code);
        WasmFormatException? error = null;
        try
        {
            validator.Validate(function, new(body, 100));
        }
        catch (WasmFormatException e)
        {
            error = e;
            Assert.InRange(e.Offset, 100, 100 + body.Length);
        }
        Assert.Equal(error?.Message, Stepwise(function, body, features));
        return error;
    }

    // The same operator by operator: the way of consumers that translate.
    static string? Stepwise(int function, byte[] body, Features features)
    {
        try
        {
            FunctionValidator validator = new(new(Module, features));
            validator.Begin(function);
            FunctionBodyReader locals = new(new(body, 100), validator.LocalCount);
            validator.ReadLocals(ref locals);
            OperatorReader reader = locals.Operators;
            Operator op = default;
            while (!reader.AtEnd)
            {
                reader.Read(ref op);
                validator.Step(reader, op);
            }
            validator.Finish(100 + body.Length);
            Assert.True(validator.IsFinished);
            return null;
        }
        catch (WasmFormatException e)
        {
            return e.Message;
        }
    }

    static void Check(int function, string locals, string code, string message)
    {
        WasmFormatException? error = Validate(function, locals, code);
        if (message == "") Assert.Null(error);
        else Assert.StartsWith(message, error?.Reason ?? "valid");
    }

    [Theory]
    // the value stack
    [InlineData("", "")]
    [InlineData("i32.const 1 drop", "")]
    [InlineData("i32.const 1", "type mismatch: block requires [] but stack has [i32]")]
    [InlineData("drop", "type mismatch: instruction requires an operand but stack has []")]
    [InlineData("i32.const 1 i64.const 2 i32.add drop", "type mismatch: instruction requires [i32] but stack has [i64]")]
    [InlineData("i64.const 1 i32.const 2 i32.add drop", "type mismatch: instruction requires [i32] but stack has [i64]")]
    [InlineData("i32.const 1 i32.add drop", "type mismatch: instruction requires [i32] but stack has []")]
    [InlineData("i32.const 7 block i32.eqz drop end drop", "type mismatch: instruction requires [i32] but stack has []")]
    // constants of every kind
    [InlineData("i64.const -9223372036854775808 drop f32.const 0 drop f64.const 0 drop v128.const 0 drop", "")]
    // unreachable code conjures up operands, but not others than it says
    [InlineData("unreachable i32.add drop", "")]
    [InlineData("unreachable i64.const 1 i32.add drop", "type mismatch")]
    [InlineData("unreachable i32.const 1 i32.add drop", "")]
    [InlineData("unreachable i32.const 1", "type mismatch: block requires []")]
    [InlineData("unreachable drop drop drop", "")]
    [InlineData("unreachable select drop", "")]
    [InlineData("unreachable i64.const 1 i32.const 0 select i32.eqz drop", "type mismatch")]
    [InlineData("br 0 i64.eqz i32.eqz drop", "")]
    [InlineData("return i32.eqz i64.eqz drop", "type mismatch")]
    [InlineData("block unreachable end i32.eqz drop", "type mismatch: instruction requires [i32] but stack has []")]
    // blocks
    [InlineData("block i32 i32.const 1 end drop", "")]
    [InlineData("block i32 end drop", "type mismatch: instruction requires [i32] but stack has []")]
    [InlineData("block i32.const 1 end", "type mismatch: block requires [] but stack has [i32]")]
    [InlineData("i32.const 1 block type=1 drop end", "")]
    [InlineData("block type=1 drop end", "type mismatch")]
    [InlineData("block type=4 i32.const 1 i64.const 2 end i64.eqz drop drop", "")]
    [InlineData("block type=3 end", "type mismatch: type 3 is not a function type")]
    [InlineData("block type=99 end", "unknown type 99")]
    [InlineData("block ref:99 end", "unknown type 99")]
    [InlineData("i32.const 0 if end", "")]
    [InlineData("if end", "type mismatch")]
    [InlineData("i32.const 0 if i32 i32.const 1 end drop", "type mismatch: if without else")]
    [InlineData("i32.const 0 if i32 i32.const 1 else i32.const 2 end drop", "")]
    [InlineData("i32.const 0 if i32 i32.const 1 else i64.const 2 end drop", "type mismatch")]
    [InlineData("i32.const 0 i32.const 0 if type=13 end drop", "")]
    [InlineData("i32.const 0 if else else end", "illegal opcode: misplaced else")]
    [InlineData("block else end", "illegal opcode: misplaced else")]
    [InlineData("block end end nop", "section size mismatch")]
    [InlineData("block", "unexpected end of section or function: END opcode expected")]
    // branches
    [InlineData("br 0", "")]
    [InlineData("br 1", "unknown label 1")]
    [InlineData("block i32 br 0 end drop", "type mismatch")]
    [InlineData("block i32 i32.const 1 i32.const 0 br_if 0 end drop", "")]
    [InlineData("block i32 i32.const 0 br_if 0 end drop", "type mismatch")]
    [InlineData("loop i32 br 0 end drop", "")]
    [InlineData("i32.const 1 loop type=1 br 0 end", "")]
    [InlineData("i32.const 1 loop type=1 br_if 0 end", "type mismatch")]
    [InlineData("i32.const 1 i32.const 2 loop type=12 i32.const 1 i32.const 2 i32.const 3 br_if 0 drop drop drop end drop", "")]
    [InlineData("block i32 block i32 i32.const 1 i32.const 0 br_table 2 0 1 0 end end drop", "")]
    [InlineData("block i32 block i32.const 1 i32.const 0 br_table 1 0 1 end end drop", "type mismatch")]
    [InlineData("block i32 block unreachable br_table 1 0 1 end unreachable end drop", "type mismatch: br_table labels take")]
    [InlineData("block i32 block i64 unreachable br_table 1 0 1 end drop i32.const 1 end drop", "")]
    [InlineData("i32.const 0 br_table 0 7", "unknown label 7")]
    [InlineData("block ref:func i32.const 1 br_if 0 unreachable end drop", "type mismatch")]
    // br_if gives its operands the label's types
    [InlineData("block ref:func? ref.func 0 i32.const 1 br_if 0 ref.as_non_null end drop", "")]
    [InlineData("block ref:func? ref.func 0 i32.const 1 br_if 0 call_ref 0 unreachable end drop", "type mismatch")]
    // calls
    [InlineData("call 0", "")]
    [InlineData("i32.const 1 call 1", "")]
    [InlineData("call 1", "type mismatch")]
    [InlineData("call 9", "unknown function 9")]
    [InlineData("call 4 i64.eqz drop drop", "")]
    [InlineData("i32.const 1 i32.const 0 call_indirect 1 0", "")]
    [InlineData("i32.const 1 i64.const 0 call_indirect 1 1", "")]
    [InlineData("i32.const 1 i32.const 0 call_indirect 1 1", "type mismatch")]
    [InlineData("i32.const 0 call_indirect 1 2", "type mismatch: instruction requires a table of functions")]
    [InlineData("i32.const 0 call_indirect 1 3", "unknown table 3")]
    [InlineData("i32.const 0 call_indirect 3 0", "type mismatch: type 3 is not a function type")]
    [InlineData("ref.func 0 call_ref 0", "")]
    [InlineData("ref.func 1 call_ref 0", "type mismatch")]
    [InlineData("ref.null 0 call_ref 0", "")]
    [InlineData("ref.null nofunc call_ref 0", "")]
    [InlineData("return_call 0", "")]
    [InlineData("return_call 2", "type mismatch: current function requires result type [] but callee returns [i32]")]
    [InlineData("i32.const 0 return_call_indirect 0 0", "")]
    [InlineData("ref.func 0 return_call_ref 0 i32.eqz drop", "")]
    // select
    [InlineData("i32.const 1 i32.const 2 i32.const 3 select drop", "")]
    [InlineData("i32.const 1 i64.const 2 i32.const 3 select drop", "type mismatch")]
    [InlineData("ref.null func ref.null func i32.const 3 select drop", "type mismatch")]
    [InlineData("ref.null func ref.null func i32.const 3 select:typed ref:func? drop", "")]
    [InlineData("ref.null extern ref.null func i32.const 3 select:typed ref:func? drop", "type mismatch")]
    // globals
    [InlineData("global.get 0 i32.eqz drop", "")]
    [InlineData("global.get 2 drop", "unknown global 2")]
    [InlineData("i64.const 1 global.set 1", "")]
    [InlineData("i32.const 1 global.set 1", "type mismatch")]
    [InlineData("i32.const 1 global.set 0", "immutable global 0")]
    public void ControlAndStack(string code, string message) => Check(Nothing, "", code, message);

    [Theory]
    [InlineData("local.get 0 i32.eqz drop", "")]
    [InlineData("local.get 3 drop", "")]
    [InlineData("local.get 4 drop", "unknown local 4")]
    [InlineData("local.get 300 drop", "unknown local 300")]
    [InlineData("i32.const 1 local.set 1", "type mismatch: instruction requires [i64] but stack has [i32]")]
    [InlineData("i64.const 1 local.tee 1 i64.eqz local.set 0", "")]
    [InlineData("local.set 1", "type mismatch")]
    [InlineData("ref.func 0 local.set 3", "")]
    [InlineData("ref.func 0 local.tee 3 ref.as_non_null drop", "")]
    [InlineData("ref.func 0 local.tee 3 call_ref 0", "type mismatch")]
    public void Locals(string code, string message) => Check(TakesI32, "1 i64 1 f32 1 ref:func?", code, message);

    [Theory]
    [InlineData("local.get 0 drop", "uninitialized local 0")]
    [InlineData("ref.func 0 local.set 0 local.get 0 drop", "")]
    [InlineData("ref.func 0 local.tee 0 drop local.get 0 drop", "")]
    [InlineData("block ref.func 0 local.set 0 end local.get 0 drop", "uninitialized local 0")]
    [InlineData("ref.func 0 local.set 0 block local.get 0 drop end", "")]
    [InlineData("i32.const 0 if ref.func 0 local.set 0 else local.get 0 drop end", "uninitialized local 0")]
    [InlineData("ref.func 0 local.set 0 i32.const 1 if local.get 0 drop else local.get 0 drop end", "")]
    [InlineData("unreachable local.get 0 drop", "uninitialized local 0")]
    [InlineData("local.get 1 drop local.get 2 drop", "uninitialized local 2")]
    [InlineData("ref.null func local.set 0", "type mismatch")]
    public void LocalsWithoutDefaultMustBeSet(string code, string message) => Check(Nothing, "1 ref:func 1 i32 200 ref:func", code, message);

    [Theory]
    [InlineData("i32.const 0 i32.load 2 0 drop", "")]
    [InlineData("i32.const 0 i32.load 3 0 drop", "alignment must not be larger than natural")]
    [InlineData("i64.const 0 i32.load 2 0 drop", "type mismatch")]
    [InlineData("i64.const 0 i32.load mem=1 2 0 drop", "")]
    [InlineData("i64.const 0 i32.load mem=2 2 0 drop", "unknown memory 2")]
    [InlineData("i32.const 0 i32.load 2 4294967295 drop", "")]
    [InlineData("i32.const 0 i32.load 2 4294967296 drop", "offset out of range")]
    [InlineData("i64.const 0 i32.load mem=1 2 18446744073709551615 drop", "")]
    [InlineData("i32.const 0 f64.const 1 f64.store 3 8", "")]
    [InlineData("i32.const 0 i32.const 1 f64.store 3 8", "type mismatch")]
    [InlineData("i32.const 0 i64.const 1 i64.store8 0 1000000", "")]
    [InlineData("memory.size mem=0 0 i32.eqz drop", "")]
    [InlineData("memory.size 1 i64.eqz drop", "")]
    [InlineData("i64.const 1 memory.grow 1 i64.eqz drop", "")]
    [InlineData("i32.const 1 memory.grow 2 drop", "unknown memory 2")]
    [InlineData("i32.const 0 i32.const 0 i32.const 0 memory.fill 0", "")]
    [InlineData("i64.const 0 i32.const 0 i64.const 0 memory.fill 1", "")]
    [InlineData("i64.const 0 i32.const 0 i32.const 0 memory.copy 1 0", "")]
    [InlineData("i64.const 0 i64.const 0 i64.const 0 memory.copy 1 1", "")]
    [InlineData("i32.const 0 i64.const 0 i64.const 0 memory.copy 0 1", "type mismatch")]
    [InlineData("i64.const 0 i32.const 0 i32.const 0 memory.init 1 1", "")]
    [InlineData("i32.const 0 i32.const 0 i32.const 0 memory.init 2 0", "unknown data segment 2")]
    [InlineData("data.drop 1", "")]
    [InlineData("data.drop 2", "unknown data segment 2")]
    [InlineData("i32.const 0 i32.atomic.load 2 0 drop", "")]
    [InlineData("i32.const 0 i32.atomic.load 1 0 drop", "atomic alignment must be natural")]
    [InlineData("i32.const 0 i32.atomic.load 3 0 drop", "alignment must not be larger than natural")]
    [InlineData("i32.const 0 i32.const 1 i64.const 2 memory.atomic.wait32 2 0 drop atomic.fence", "")]
    [InlineData("i32.const 0 v128.load32_lane 2 0 3 drop", "type mismatch")]
    [InlineData("i32.const 0 v128.const 0 v128.load32_lane 2 0 3 drop", "")]
    [InlineData("i32.const 0 v128.const 0 v128.load32_lane 2 0 4 drop", "invalid lane index")]
    [InlineData("i32.const 0 v128.const 0 v128.store8_lane 0 0 16", "invalid lane index")]
    [InlineData("v128.const 0 i64x2.extract_lane 1 drop", "")]
    [InlineData("v128.const 0 i64x2.extract_lane 2 drop", "invalid lane index")]
    [InlineData("v128.const 0 i8x16.extract_lane_u 15 drop", "")]
    [InlineData("v128.const 0 i32.const 0 i16x8.replace_lane 8 drop", "invalid lane index")]
    [InlineData("v128.const 0 v128.const 0 i8x16.shuffle 31 drop", "")]
    [InlineData("v128.const 0 v128.const 0 i8x16.shuffle 32 drop", "invalid lane index")]
    [InlineData("i64.const 1 i64.const 1 i64.const 1 i64.const 1 i64.add128 i64.eqz drop i64.eqz drop", "")]
    [InlineData("i64.const 1 i64.const 1 i64.const 1 i64.add128 drop drop", "type mismatch")]
    public void MemoriesAndLanes(string code, string message) => Check(Nothing, "", code.Replace("mem=0 0", "0", StringComparison.Ordinal), message);

    [Theory]
    [InlineData("i32.const 0 table.get 0 ref.is_null drop", "")]
    [InlineData("i32.const 0 table.get 1 drop", "type mismatch")]
    [InlineData("i32.const 0 table.get 3 drop", "unknown table 3")]
    [InlineData("i64.const 0 ref.func 0 table.set 1", "")]
    [InlineData("i32.const 0 ref.null extern table.set 0", "type mismatch")]
    [InlineData("table.size 1 i64.eqz drop", "")]
    [InlineData("ref.null func i64.const 1 table.grow 1 i64.eqz drop", "")]
    [InlineData("i32.const 0 ref.null extern i32.const 1 table.fill 2", "")]
    [InlineData("i64.const 0 i32.const 0 i32.const 1 table.copy 1 0", "")]
    [InlineData("i32.const 0 i32.const 0 i32.const 1 table.copy 2 0", "type mismatch: table of funcref")]
    [InlineData("i64.const 0 i32.const 0 i32.const 1 table.init 0 1", "")]
    [InlineData("i32.const 0 i32.const 0 i32.const 1 table.init 1 0", "type mismatch: element segment of externref")]
    [InlineData("i32.const 0 i32.const 0 i32.const 1 table.init 2 0", "unknown elem segment 2")]
    [InlineData("elem.drop 1", "")]
    [InlineData("elem.drop 2", "unknown elem segment 2")]
    [InlineData("ref.func 0 drop", "")]
    [InlineData("ref.func 2 drop", "undeclared function reference")]
    [InlineData("ref.func 9 drop", "unknown function 9")]
    [InlineData("ref.null 99 drop", "unknown type 99")]
    [InlineData("i32.const 0 ref.is_null drop", "type mismatch: instruction requires a reference")]
    [InlineData("ref.null none ref.null i31 ref.eq drop", "")]
    [InlineData("ref.null func ref.null i31 ref.eq drop", "type mismatch")]
    [InlineData("unreachable ref.as_non_null drop", "")]
    [InlineData("unreachable ref.as_non_null i32.eqz drop", "type mismatch")]
    [InlineData("ref.null func br_on_null 0 drop", "")]
    [InlineData("ref.null 0 br_on_null 0 call_ref 0", "")]
    [InlineData("block ref:func ref.null func br_on_non_null 0 unreachable end drop", "")]
    [InlineData("block i32 ref.null func br_on_non_null 0 unreachable end drop", "type mismatch: label takes [i32]")]
    [InlineData("block ref.null func br_on_non_null 0 end", "type mismatch: label takes []")]
    public void TablesAndReferences(string code, string message) => Check(Nothing, "", code, message);

    [Theory]
    [InlineData("i32.const 1 i32.const 2 i64.const 3 struct.new 3 drop", "")]
    [InlineData("i32.const 1 i64.const 3 i32.const 2 struct.new 3 drop", "type mismatch")]
    [InlineData("struct.new_default 3 struct.get 3 0 drop", "")]
    [InlineData("struct.new_default 10 drop", "type mismatch: a field of type 10 has no default")]
    [InlineData("struct.new_default 0 drop", "type mismatch: type 0 is not a structure type")]
    [InlineData("struct.new_default 3 struct.get 3 1 drop", "type mismatch: field is packed")]
    [InlineData("struct.new_default 3 struct.get_s 3 1 drop", "")]
    [InlineData("struct.new_default 3 struct.get_u 3 0 drop", "type mismatch: field is not packed")]
    [InlineData("struct.new_default 3 struct.get 3 3 drop", "unknown field 3")]
    [InlineData("struct.new_default 9 struct.get 3 2 i64.eqz drop", "")]
    [InlineData("struct.new_default 3 struct.get 9 2 i64.eqz drop", "type mismatch")]
    [InlineData("struct.new_default 3 i32.const 1 struct.set 3 0", "")]
    [InlineData("struct.new_default 3 i32.const 1 struct.set 3 1", "immutable field")]
    [InlineData("i32.const 1 i32.const 2 array.new 5 array.len drop", "")]
    [InlineData("i32.const 2 array.new_default 5 i32.const 0 array.get 5 drop", "")]
    [InlineData("i32.const 2 array.new_default 6 i32.const 0 array.get 6 drop", "type mismatch: field is packed")]
    [InlineData("i32.const 2 array.new_default 6 i32.const 0 array.get_u 6 drop", "")]
    [InlineData("i32.const 2 array.new_default 8 i32.const 0 i32.const 1 array.set 8", "immutable array")]
    [InlineData("i32.const 2 array.new_default 3 drop", "type mismatch: type 3 is not an array type")]
    [InlineData("i32.const 1 i32.const 2 i32.const 3 array.new_fixed 5 3 drop", "")]
    [InlineData("i32.const 1 i32.const 2 array.new_fixed 5 3 drop", "type mismatch")]
    [InlineData("unreachable array.new_fixed 5 10001", "array.new_fixed of 10001 elements exceeds the limit of 10000")]
    [InlineData("i32.const 0 i32.const 0 array.new_data 5 0 drop", "")]
    [InlineData("i32.const 0 i32.const 0 array.new_data 5 2 drop", "unknown data segment 2")]
    [InlineData("i32.const 0 i32.const 0 array.new_data 7 0 drop", "array type is not numeric or vector")]
    [InlineData("i32.const 0 i32.const 0 array.new_elem 7 0 drop", "")]
    [InlineData("i32.const 0 i32.const 0 array.new_elem 7 1 drop", "type mismatch: element segment of externref")]
    [InlineData("i32.const 1 array.new_default 5 i32.const 0 i32.const 1 array.new_default 8 i32.const 0 i32.const 1 array.copy 5 8", "")]
    [InlineData("unreachable array.copy 5 7", "array types do not match")]
    [InlineData("unreachable array.copy 8 5", "immutable array")]
    [InlineData("i32.const 1 array.new_default 6 i32.const 0 i32.const 7 i32.const 1 array.fill 6", "")]
    [InlineData("i32.const 1 array.new_default 6 i32.const 0 i32.const 0 i32.const 1 array.init_data 6 1", "")]
    [InlineData("unreachable array.init_data 7 1", "array type is not numeric or vector")]
    [InlineData("i32.const 1 array.new_default 7 i32.const 0 i32.const 0 i32.const 1 array.init_elem 7 0", "")]
    [InlineData("unreachable array.init_elem 5 0", "type mismatch: element segment")]
    [InlineData("struct.new_default 3 ref.test 9 drop", "")]
    [InlineData("struct.new_default 3 ref.cast 9 struct.get 9 3 drop", "")]
    [InlineData("ref.null any ref.cast:null array array.len drop", "")]
    [InlineData("ref.null func ref.test 3 drop", "type mismatch")]
    [InlineData("ref.null any ref.test 99 drop", "unknown type 99")]
    [InlineData("block ref:3 ref.null any br_on_cast 0 ref:any? ref:3 unreachable end drop", "")]
    [InlineData("block ref:any? ref.null any br_on_cast_fail 0 ref:any? ref:3 struct.get 3 0 drop unreachable end drop", "")]
    [InlineData("block ref:any ref.null any br_on_cast_fail 0 ref:any? ref:3 unreachable end drop", "type mismatch: label takes")]
    [InlineData("block ref:any ref.null any br_on_cast_fail 0 ref:any? ref:3? unreachable end drop", "")]
    [InlineData("block ref:func ref.null any br_on_cast 0 ref:any? ref:func unreachable end drop", "type mismatch: (ref func) does not match anyref")]
    [InlineData("i32.const 1 ref.i31 i31.get_s drop", "")]
    [InlineData("ref.null any i31.get_u drop", "type mismatch")]
    [InlineData("ref.null extern any.convert_extern ref.test i31 drop", "")]
    [InlineData("i32.const 1 ref.i31 extern.convert_any ref.test 0 drop", "type mismatch")]
    public void Aggregates(string code, string message) => Check(Nothing, "", code, message);

    [Theory]
    [InlineData("throw 0", "")]
    [InlineData("i32.const 1 throw 1 i64.eqz drop", "")]
    [InlineData("i64.const 1 throw 1", "type mismatch: instruction requires [i32] but stack has [i64]")]
    [InlineData("throw 3", "unknown tag 3")]
    [InlineData("ref.null exn throw_ref i32.eqz drop", "")]
    [InlineData("ref.null any throw_ref", "type mismatch")]
    [InlineData("block i32 try_table i32 1 0 1 0 i32.const 1 end end drop", "")]
    [InlineData("block try_table 1 0 0 0 end end", "")]
    [InlineData("block i32 try_table 1 0 0 0 end i32.const 0 end drop", "type mismatch: catch clause passes []")]
    [InlineData("block ref:exn? try_table 1 1 0 0 end unreachable end drop", "")]
    [InlineData("block ref:exn try_table 1 3 0 end unreachable end drop", "")]
    [InlineData("block ref:exn try_table 1 2 0 end unreachable end drop", "type mismatch: catch clause passes []")]
    [InlineData("try_table 1 2 1 end", "unknown label 1")]
    [InlineData("try_table 1 0 7 0 end", "unknown tag 7")]
    // the legacy forms
    [InlineData("try catch 0 end", "")]
    [InlineData("try i32 i32.const 1 catch 1 catch_all i32.const 2 end drop", "")]
    [InlineData("try catch_all catch 0 end", "illegal opcode: misplaced catch")]
    [InlineData("try catch_all catch_all end", "illegal opcode: misplaced catch_all")]
    [InlineData("catch 0", "illegal opcode: misplaced catch")]
    [InlineData("try catch 9 end", "unknown tag 9")]
    [InlineData("try catch 0 rethrow 0 end", "")]
    [InlineData("try rethrow 0 catch 0 end", "invalid rethrow label")]
    [InlineData("try rethrow 9 catch 0 end", "unknown label 9")]
    [InlineData("try delegate 0", "")]
    [InlineData("block try delegate 1 end", "")]
    [InlineData("try delegate 1", "unknown label 1")]
    [InlineData("block delegate 0", "illegal opcode: misplaced delegate")]
    [InlineData("try i32 i32.const 1 delegate 0 drop", "")]
    public void Exceptions(string code, string message) => Check(Nothing, "", code, message);

    [Theory]
    [InlineData(GivesI32, "i32.const 1", "")]
    [InlineData(GivesI32, "", "type mismatch: instruction requires [i32] but stack has []")]
    [InlineData(GivesI32, "i32.const 1 return", "")]
    [InlineData(GivesI32, "i64.const 1 return", "type mismatch")]
    [InlineData(GivesI32, "i32.const 1 br 0", "")]
    [InlineData(GivesTwo, "i32.const 1 i64.const 1", "")]
    [InlineData(GivesTwo, "return_call 4", "")]
    [InlineData(TakesRef3, "local.get 0 struct.get 3 0 drop", "")]
    [InlineData(TakesRef3, "ref.null 3 local.set 0", "type mismatch")]
    public void TheFunctionsOwnType(int function, string code, string message) => Check(function, "", code, message);

    [Theory]
    [InlineData("i32.const 0 i32.extend8_s drop", Features.SignExtension, "sign-extension")]
    [InlineData("f32.const 0 i32.trunc_sat_f32_s drop", Features.SaturatingFloatToInt, "saturating-float-to-int")]
    [InlineData("block type=4 unreachable end drop drop", Features.MultiValue, "multi-value")]
    [InlineData("block type=0 end", Features.MultiValue, "multi-value")]
    [InlineData("ref.null func drop", Features.ReferenceTypes, "reference-types")]
    [InlineData("unreachable memory.fill 0", Features.BulkMemory, "bulk-memory")]
    [InlineData("v128.const 0 drop", Features.Simd, "simd")]
    [InlineData("unreachable i8x16.relaxed_swizzle drop", Features.RelaxedSimd, "relaxed-simd")]
    [InlineData("return_call 0", Features.TailCall, "tail-call")]
    [InlineData("unreachable call_ref 0", Features.FunctionReferences, "function-references")]
    [InlineData("unreachable struct.get 3 0 drop", Features.Gc, "gc")]
    [InlineData("ref.null any drop", Features.Gc, "gc")]
    [InlineData("try_table 0 end", Features.Exceptions, "exceptions")]
    [InlineData("throw 0", Features.Exceptions | Features.LegacyExceptions, "exceptions")]
    [InlineData("atomic.fence", Features.Threads, "threads")]
    [InlineData("unreachable i64.mul_wide_u drop drop", Features.WideArithmetic, "wide-arithmetic")]
    [InlineData("try catch_all end", Features.LegacyExceptions, "legacy-exceptions")]
    public void WhatIsSwitchedOffIsNamed(string code, Features off, string name)
    {
        Assert.Null(Validate(Nothing, "", code));
        WasmFormatException? error = Validate(Nothing, "", code, Features.All & ~off);
        Assert.Equal((FormatErrorKind.Unsupported, $"the feature {name} is not enabled"), (error?.Kind, error?.Reason));
    }

    /// <summary>Each row of wasm.ops whose type does not depend on context: right operands, one missing, each one wrong, feature off.</summary>
    [Fact]
    public void EveryRowOfTheTableIsTypedByIt()
    {
        int rows = 0;
        foreach (Op op in Opcodes.All.ToArray().Select(o => (Op)o))
        {
            Signature signature = Opcodes.SignatureOf(op);
            if (signature.ByContext) continue;
            rows++;
            string immediates = Opcodes.ShapeOf(op) switch
            {
                >= Shape.Mem8 and <= Shape.Mem128 => $"{Opcodes.AccessSizeLog2(Opcodes.ShapeOf(op))} 0",
                >= Shape.Mem8Lane and <= Shape.Mem64Lane => $"{Opcodes.AccessSizeLog2(Opcodes.ShapeOf(op))} 0 0",
                Shape.None or Shape.Fence => "",
                _ => "0",
            };
            string code = $"{Opcodes.Mnemonic(op)} {immediates}";
            string[] operands = [.. Enumerable.Range(0, signature.OperandCount).Select(i => $"{signature.Operand(i, ValType.I32)}.const 0")];
            string drops = string.Concat(Enumerable.Repeat(" drop", signature.ResultCount));
            Check(Nothing, "", $"{string.Join(' ', operands)} {code}{drops}", "");
            Check(Nothing, "", $"unreachable {code}{drops}", "");
            for (int i = 0; i < operands.Length; i++)
            {
                Check(Nothing, "", $"{string.Join(' ', operands.Where((_, j) => j != i))} {code}{drops}", "type mismatch");
                string wrong = operands[i] == "f64.const 0" ? "f32.const 0" : "f64.const 0";
                Check(Nothing, "", $"{string.Join(' ', operands.Select((o, j) => j == i ? wrong : o))} {code}{drops}", "type mismatch");
            }
            Features needed = Opcodes.FeatureOf(op);
            if (needed != Features.Mvp) Assert.Equal(FormatErrorKind.Unsupported, Validate(Nothing, "", $"unreachable {code}{drops}", Features.All & ~needed)?.Kind);
        }
        Assert.True(rows > 400, $"{rows} rows");
    }

    [Fact]
    public void ALotOfLocalsCostsLittle()
    {
        Check(TakesI32, "49999 i64", "local.get 49999 i64.eqz drop local.get 200 i64.eqz drop", "");
        Check(TakesI32, "50000 i64", "", "too many locals");
        Check(Nothing, "20000 i64 20000 f32 10000 i32", "local.get 49999 i32.eqz drop local.get 19999 i64.eqz drop local.get 20000 f32.abs drop local.get 50000 drop", "unknown local 50000");
    }

    [Fact]
    public void OperandsHaveALimit()
    {
        // No locals, then local.get 0 (of the parameter) once too often.
        byte[] body = new byte[1 + 2 * (WasmLimits.Operands + 1)];
        for (int i = 1; i < body.Length; i += 2) body[i] = (byte)Op.LocalGet;
        WasmFormatException e = Assert.Throws<WasmFormatException>(() => new FunctionValidator(new(Module, Features.All)).Validate(TakesI32, new(body, 0)));
        Assert.Equal((FormatErrorKind.Limit, body.Length - 2L), (e.Kind, e.Offset));
    }

    [Fact]
    public void MessagesStayShort()
    {
        WasmFormatException? error = Validate(Nothing, "", string.Concat(Enumerable.Repeat("i32.const 0 ", 5000)));
        Assert.StartsWith("type mismatch: block requires [] but stack has [... i32 i32", error?.Reason);
        Assert.InRange(error!.Reason.Length, 50, 200);
    }

    [Fact]
    public void AConsumerSeesTypesAndFrames()
    {
        FunctionValidator validator = new(new(Module, Features.All));
        byte[] body = Assembly.Body("1 i64", "i32.const 1 block i32 local.get 1 i64.eqz loop type=1 br 2 end unreachable end drop drop");
        validator.Begin(TakesI32);
        FunctionBodyReader locals = new(new(body, 0), validator.LocalCount);
        validator.ReadLocals(ref locals);
        Assert.Equal((2, ValType.I32, ValType.I64), (validator.LocalCount, validator.LocalType(0), validator.LocalType(1)));
        OperatorReader reader = locals.Operators;
        List<string> trace = [];
        Operator op = default;
        while (!validator.IsFinished)
        {
            reader.Read(ref op);
            validator.Step(reader, op);
            if (validator.IsFinished) break;
            ref readonly ControlFrame frame = ref validator.Frame(0);
            trace.Add($"{Opcodes.Mnemonic(op.Op)}: [{string.Join(' ', validator.Operands.ToArray())}] {frame.Kind} {frame.Height} {string.Join(' ', FunctionValidator.LabelTypes(frame).ToArray())}{(validator.IsUnreachable ? " unreachable" : "")}".TrimEnd());
        }
        Assert.Equal(
        [
            "i32.const: [i32] Function 0", "block: [i32] Block 1 i32", "local.get: [i32 i64] Block 1 i32", "i64.eqz: [i32 i32] Block 1 i32",
            "loop: [i32 i32] Loop 1 i32", "br: [i32] Loop 1 i32 unreachable", "end: [i32] Block 1 i32", "unreachable: [i32] Block 1 i32 unreachable",
            "end: [i32 i32] Function 0", "drop: [i32] Function 0", "drop: [] Function 0",
        ], trace);
    }

    [Fact]
    public void BodiesAllocateNothingOnceTheStacksHaveGrown()
    {
        FunctionValidator validator = new(new(Module, Features.All));
        byte[] body = Assembly.Body("3 i64", "block i32 i32.const 1 local.get 0 br_if 0 drop i32.const 0 i32.load 2 0 end drop i32.const 0 br_table 1 0 0");
        validator.Validate(TakesI32, new(body, 0));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) validator.Validate(TakesI32, new(body, 0));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
