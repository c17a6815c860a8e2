namespace Hornet.Compiler.Ir;

/// <summary>The operators; <see cref="Opcodes"/> has the row that describes each.</summary>
internal enum Opcode : byte
{
    // Constants and entities
    Iconst, F32const, F64const, Vconst, VmContext, FuncAddr, StackAddr, FramePointer, StackPointer,
    // Integers (also per lane, where a lane shape is given)
    Iadd, Isub, Imul, Sdiv, Udiv, Srem, Urem, Smulhi, Umulhi,
    Band, Bor, Bxor, BandNot, Bnot, Ineg, Iabs, Ishl, Ushr, Sshr, Rotl, Rotr, Clz, Ctz, Popcnt, Bswap,
    Smin, Umin, Smax, Umax, AvgRound, SaddSat, UaddSat, SsubSat, UsubSat,
    Icmp, Select, SelectGuard, Bitselect,
    Uextend, Sextend, Ireduce, Bitcast, RefAddr,
    // Floats (also per lane)
    Fadd, Fsub, Fmul, Fdiv, Fmin, Fmax, FminPseudo, FmaxPseudo, Fcopysign, Fneg, Fabs, Sqrt, Ceil, Floor, Trunc, Nearest, Fma, Fcmp,
    FcvtToSint, FcvtToUint, FcvtToSintSat, FcvtToUintSat, FcvtFromSint, FcvtFromUint, Fpromote, Fdemote,
    // Vectors only
    Splat, ExtractLane, SextractLane, InsertLane, Shuffle, Swizzle, AnyTrue, AllTrue, Bitmask,
    Snarrow, Unarrow, SwidenLow, SwidenHigh, UwidenLow, UwidenHigh,
    SaddPairwise, UaddPairwise, Dot, Q15MulRound, FpromoteLow, FdemoteZero, FcvtLowFromSint, FcvtLowFromUint,
    FcvtToSintSatZero, FcvtToUintSatZero,
    // Memory
    Load, Uload8, Sload8, Uload16, Sload16, Uload32, Sload32, LoadSplat, LoadZero, SloadWiden, UloadWiden,
    Store, Store8, Store16, Store32,
    AtomicLoad, AtomicStore, AtomicRmw, AtomicCas, Fence,
    // Calls and control
    Call, CallIndirect, Trap, Trapz, Trapnz, Debugtrap,
    Jump, Brif, BrTable, Return, ReturnCall, ReturnCallIndirect, TryCall, TryCallIndirect,
}

/// <summary>Where an instruction keeps its operands, and so how it is printed and parsed.</summary>
internal enum InstFormat : byte
{
    Nullary,
    ConstInt,
    ConstVector,
    Unary,
    Binary,
    Ternary,
    IntCompare,
    FloatCompare,
    /// <summary>One value and a lane number in <c>Imm</c>.</summary>
    UnaryLane,
    BinaryLane,
    Shuffle,
    /// <summary>Address A plus offset <c>Imm</c>.</summary>
    Load,
    /// <summary>Value A to address B plus offset <c>Imm</c>.</summary>
    Store,
    AtomicRmw,
    AtomicCas,
    FuncAddr,
    StackAddr,
    Trap,
    CondTrap,
    Call,
    CallIndirect,
    Jump,
    Brif,
    BrTable,
    Return,
}

[Flags]
internal enum OpFlags : ushort
{
    None = 0,
    /// <summary>Nothing but its result matters, and that depends only on its operands.</summary>
    Pure = 1,
    Commutative = 2,
    CanTrap = 4,
    Load = 8,
    Store = 16,
    Terminator = 32,
    Call = 64,
    /// <summary>Must stay where it is for a reason of its own.</summary>
    Effect = 128,
    /// <summary>Yields <c>i32</c> (or a lane mask) whatever it is applied to.</summary>
    Boolean = 256,
    /// <summary>Yields nothing.</summary>
    NoResult = 512,
    /// <summary>Its type suffix is the result's type and the operand has another.</summary>
    Converts = 1024,
    Return = 2048,
}

internal readonly record struct OpcodeRow(Opcode Op, string Name, InstFormat Format, OpFlags Flags);

/// <summary>The table of operators, one row each, in the order of the enum.</summary>
internal static class Opcodes
{
    private const OpFlags P = OpFlags.Pure;
    private const OpFlags C = OpFlags.Pure | OpFlags.Commutative;
    private const OpFlags T = OpFlags.CanTrap;
    private const OpFlags V = OpFlags.Pure | OpFlags.Converts;
    private const OpFlags L = OpFlags.Load;
    private const OpFlags S = OpFlags.Store | OpFlags.NoResult;
    private const OpFlags A = OpFlags.Load | OpFlags.Store | OpFlags.Effect;
    private const OpFlags X = OpFlags.Terminator | OpFlags.NoResult;

    public static readonly OpcodeRow[] Rows =
    [
        new(Opcode.Iconst, "iconst", InstFormat.ConstInt, P),
        new(Opcode.F32const, "f32const", InstFormat.ConstInt, P),
        new(Opcode.F64const, "f64const", InstFormat.ConstInt, P),
        new(Opcode.Vconst, "vconst", InstFormat.ConstVector, P),
        new(Opcode.VmContext, "vmctx", InstFormat.Nullary, P),
        new(Opcode.FuncAddr, "func_addr", InstFormat.FuncAddr, P),
        new(Opcode.StackAddr, "stack_addr", InstFormat.StackAddr, P),
        new(Opcode.FramePointer, "frame_pointer", InstFormat.Nullary, P),
        new(Opcode.StackPointer, "stack_pointer", InstFormat.Nullary, OpFlags.Effect),

        new(Opcode.Iadd, "iadd", InstFormat.Binary, C),
        new(Opcode.Isub, "isub", InstFormat.Binary, P),
        new(Opcode.Imul, "imul", InstFormat.Binary, C),
        new(Opcode.Sdiv, "sdiv", InstFormat.Binary, T),
        new(Opcode.Udiv, "udiv", InstFormat.Binary, T),
        new(Opcode.Srem, "srem", InstFormat.Binary, T),
        new(Opcode.Urem, "urem", InstFormat.Binary, T),
        new(Opcode.Smulhi, "smulhi", InstFormat.Binary, C),
        new(Opcode.Umulhi, "umulhi", InstFormat.Binary, C),
        new(Opcode.Band, "band", InstFormat.Binary, C),
        new(Opcode.Bor, "bor", InstFormat.Binary, C),
        new(Opcode.Bxor, "bxor", InstFormat.Binary, C),
        new(Opcode.BandNot, "band_not", InstFormat.Binary, P),
        new(Opcode.Bnot, "bnot", InstFormat.Unary, P),
        new(Opcode.Ineg, "ineg", InstFormat.Unary, P),
        new(Opcode.Iabs, "iabs", InstFormat.Unary, P),
        new(Opcode.Ishl, "ishl", InstFormat.Binary, P),
        new(Opcode.Ushr, "ushr", InstFormat.Binary, P),
        new(Opcode.Sshr, "sshr", InstFormat.Binary, P),
        new(Opcode.Rotl, "rotl", InstFormat.Binary, P),
        new(Opcode.Rotr, "rotr", InstFormat.Binary, P),
        new(Opcode.Clz, "clz", InstFormat.Unary, P),
        new(Opcode.Ctz, "ctz", InstFormat.Unary, P),
        new(Opcode.Popcnt, "popcnt", InstFormat.Unary, P),
        new(Opcode.Bswap, "bswap", InstFormat.Unary, P),
        new(Opcode.Smin, "smin", InstFormat.Binary, C),
        new(Opcode.Umin, "umin", InstFormat.Binary, C),
        new(Opcode.Smax, "smax", InstFormat.Binary, C),
        new(Opcode.Umax, "umax", InstFormat.Binary, C),
        new(Opcode.AvgRound, "avg_round", InstFormat.Binary, C),
        new(Opcode.SaddSat, "sadd_sat", InstFormat.Binary, C),
        new(Opcode.UaddSat, "uadd_sat", InstFormat.Binary, C),
        new(Opcode.SsubSat, "ssub_sat", InstFormat.Binary, P),
        new(Opcode.UsubSat, "usub_sat", InstFormat.Binary, P),
        new(Opcode.Icmp, "icmp", InstFormat.IntCompare, P | OpFlags.Boolean),
        new(Opcode.Select, "select", InstFormat.Ternary, P),
        new(Opcode.SelectGuard, "select_guard", InstFormat.Ternary, P),
        new(Opcode.Bitselect, "bitselect", InstFormat.Ternary, P),
        new(Opcode.Uextend, "uextend", InstFormat.Unary, V),
        new(Opcode.Sextend, "sextend", InstFormat.Unary, V),
        new(Opcode.Ireduce, "ireduce", InstFormat.Unary, V),
        new(Opcode.Bitcast, "bitcast", InstFormat.Unary, V),
        // A reference as a number, zero-extended. Not pure: the collector moves objects, so it reads as if from AliasClass.Collector.
        new(Opcode.RefAddr, "ref_addr", InstFormat.Unary, L | OpFlags.Converts),

        new(Opcode.Fadd, "fadd", InstFormat.Binary, P),
        new(Opcode.Fsub, "fsub", InstFormat.Binary, P),
        new(Opcode.Fmul, "fmul", InstFormat.Binary, P),
        new(Opcode.Fdiv, "fdiv", InstFormat.Binary, P),
        new(Opcode.Fmin, "fmin", InstFormat.Binary, P),
        new(Opcode.Fmax, "fmax", InstFormat.Binary, P),
        new(Opcode.FminPseudo, "fmin_pseudo", InstFormat.Binary, P),
        new(Opcode.FmaxPseudo, "fmax_pseudo", InstFormat.Binary, P),
        new(Opcode.Fcopysign, "fcopysign", InstFormat.Binary, P),
        new(Opcode.Fneg, "fneg", InstFormat.Unary, P),
        new(Opcode.Fabs, "fabs", InstFormat.Unary, P),
        new(Opcode.Sqrt, "sqrt", InstFormat.Unary, P),
        new(Opcode.Ceil, "ceil", InstFormat.Unary, P),
        new(Opcode.Floor, "floor", InstFormat.Unary, P),
        new(Opcode.Trunc, "trunc", InstFormat.Unary, P),
        new(Opcode.Nearest, "nearest", InstFormat.Unary, P),
        new(Opcode.Fma, "fma", InstFormat.Ternary, P),
        new(Opcode.Fcmp, "fcmp", InstFormat.FloatCompare, P | OpFlags.Boolean),
        new(Opcode.FcvtToSint, "fcvt_to_sint", InstFormat.Unary, T | OpFlags.Converts),
        new(Opcode.FcvtToUint, "fcvt_to_uint", InstFormat.Unary, T | OpFlags.Converts),
        new(Opcode.FcvtToSintSat, "fcvt_to_sint_sat", InstFormat.Unary, V),
        new(Opcode.FcvtToUintSat, "fcvt_to_uint_sat", InstFormat.Unary, V),
        new(Opcode.FcvtFromSint, "fcvt_from_sint", InstFormat.Unary, V),
        new(Opcode.FcvtFromUint, "fcvt_from_uint", InstFormat.Unary, V),
        new(Opcode.Fpromote, "fpromote", InstFormat.Unary, V),
        new(Opcode.Fdemote, "fdemote", InstFormat.Unary, V),

        new(Opcode.Splat, "splat", InstFormat.Unary, V),
        new(Opcode.ExtractLane, "extractlane", InstFormat.UnaryLane, P),
        new(Opcode.SextractLane, "sextractlane", InstFormat.UnaryLane, P),
        new(Opcode.InsertLane, "insertlane", InstFormat.BinaryLane, P),
        new(Opcode.Shuffle, "shuffle", InstFormat.Shuffle, P),
        new(Opcode.Swizzle, "swizzle", InstFormat.Binary, P),
        new(Opcode.AnyTrue, "any_true", InstFormat.Unary, P),
        new(Opcode.AllTrue, "all_true", InstFormat.Unary, P),
        new(Opcode.Bitmask, "bitmask", InstFormat.Unary, P),
        new(Opcode.Snarrow, "snarrow", InstFormat.Binary, P),
        new(Opcode.Unarrow, "unarrow", InstFormat.Binary, P),
        new(Opcode.SwidenLow, "swiden_low", InstFormat.Unary, P),
        new(Opcode.SwidenHigh, "swiden_high", InstFormat.Unary, P),
        new(Opcode.UwidenLow, "uwiden_low", InstFormat.Unary, P),
        new(Opcode.UwidenHigh, "uwiden_high", InstFormat.Unary, P),
        new(Opcode.SaddPairwise, "sadd_pairwise", InstFormat.Unary, P),
        new(Opcode.UaddPairwise, "uadd_pairwise", InstFormat.Unary, P),
        new(Opcode.Dot, "dot", InstFormat.Binary, P),
        new(Opcode.Q15MulRound, "q15mul_round", InstFormat.Binary, P),
        new(Opcode.FpromoteLow, "fpromote_low", InstFormat.Unary, P),
        new(Opcode.FdemoteZero, "fdemote_zero", InstFormat.Unary, P),
        new(Opcode.FcvtLowFromSint, "fcvt_low_from_sint", InstFormat.Unary, P),
        new(Opcode.FcvtLowFromUint, "fcvt_low_from_uint", InstFormat.Unary, P),
        new(Opcode.FcvtToSintSatZero, "fcvt_to_sint_sat_zero", InstFormat.Unary, P),
        new(Opcode.FcvtToUintSatZero, "fcvt_to_uint_sat_zero", InstFormat.Unary, P),

        new(Opcode.Load, "load", InstFormat.Load, L),
        new(Opcode.Uload8, "uload8", InstFormat.Load, L),
        new(Opcode.Sload8, "sload8", InstFormat.Load, L),
        new(Opcode.Uload16, "uload16", InstFormat.Load, L),
        new(Opcode.Sload16, "sload16", InstFormat.Load, L),
        new(Opcode.Uload32, "uload32", InstFormat.Load, L),
        new(Opcode.Sload32, "sload32", InstFormat.Load, L),
        new(Opcode.LoadSplat, "load_splat", InstFormat.Load, L),
        new(Opcode.LoadZero, "load_zero", InstFormat.Load, L),
        new(Opcode.SloadWiden, "sload_widen", InstFormat.Load, L),
        new(Opcode.UloadWiden, "uload_widen", InstFormat.Load, L),
        new(Opcode.Store, "store", InstFormat.Store, S),
        new(Opcode.Store8, "store8", InstFormat.Store, S),
        new(Opcode.Store16, "store16", InstFormat.Store, S),
        new(Opcode.Store32, "store32", InstFormat.Store, S),
        new(Opcode.AtomicLoad, "atomic_load", InstFormat.Load, A),
        new(Opcode.AtomicStore, "atomic_store", InstFormat.Store, A | OpFlags.NoResult),
        new(Opcode.AtomicRmw, "atomic_rmw", InstFormat.AtomicRmw, A),
        new(Opcode.AtomicCas, "atomic_cas", InstFormat.AtomicCas, A),
        new(Opcode.Fence, "fence", InstFormat.Nullary, A | OpFlags.NoResult),

        new(Opcode.Call, "call", InstFormat.Call, OpFlags.Call | OpFlags.Effect),
        new(Opcode.CallIndirect, "call_indirect", InstFormat.CallIndirect, OpFlags.Call | OpFlags.Effect),
        new(Opcode.Trap, "trap", InstFormat.Trap, X | OpFlags.Effect),
        new(Opcode.Trapz, "trapz", InstFormat.CondTrap, T | OpFlags.Effect | OpFlags.NoResult),
        new(Opcode.Trapnz, "trapnz", InstFormat.CondTrap, T | OpFlags.Effect | OpFlags.NoResult),
        new(Opcode.Debugtrap, "debugtrap", InstFormat.Nullary, OpFlags.Effect | OpFlags.NoResult),
        new(Opcode.Jump, "jump", InstFormat.Jump, X),
        new(Opcode.Brif, "brif", InstFormat.Brif, X),
        new(Opcode.BrTable, "br_table", InstFormat.BrTable, X),
        new(Opcode.Return, "return", InstFormat.Return, X | OpFlags.Return),
        new(Opcode.ReturnCall, "return_call", InstFormat.Call, X | OpFlags.Call | OpFlags.Return),
        new(Opcode.ReturnCallIndirect, "return_call_indirect", InstFormat.CallIndirect, X | OpFlags.Call | OpFlags.Return),
        new(Opcode.TryCall, "try_call", InstFormat.Call, X | OpFlags.Call),
        new(Opcode.TryCallIndirect, "try_call_indirect", InstFormat.CallIndirect, X | OpFlags.Call),
    ];

    public static ref readonly OpcodeRow Row(this Opcode op) => ref Rows[(int)op];

    public static string Name(this Opcode op) => Rows[(int)op].Name;

    public static InstFormat Format(this Opcode op) => Rows[(int)op].Format;

    public static bool Has(this Opcode op, OpFlags flags) => (Rows[(int)op].Flags & flags) != 0;

    public static bool IsPure(this Opcode op) => op.Has(OpFlags.Pure);

    public static bool IsTerminator(this Opcode op) => op.Has(OpFlags.Terminator);

    public static bool IsCall(this Opcode op) => op.Has(OpFlags.Call);

    /// <summary>May not be removed although nothing uses what it yields.</summary>
    public static bool MustStay(this Opcode op) =>
        op.Has(OpFlags.CanTrap | OpFlags.Store | OpFlags.Effect | OpFlags.Terminator | OpFlags.Call);
}
