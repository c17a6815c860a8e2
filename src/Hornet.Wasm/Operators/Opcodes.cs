using System.Runtime.CompilerServices;

namespace Hornet.Wasm;

/// <summary>
/// What wasm.ops says of each operator. Single-byte opcodes are their own numbers; prefixed ones follow:
/// 0xFB from 0x100, 0xFC from 0x140, 0xFD from 0x180, 0xFE from 0x300 (the generator uses the same bases).
/// </summary>
public static partial class Opcodes
{
    const int BaseFB = 0x100, BaseFC = 0x140, BaseFD = 0x180, BaseFE = 0x300;

    /// <summary>The operator of a prefix byte and sub-opcode; its shape is <see cref="Shape.Invalid"/> where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Op FromPrefixed(byte prefix, uint code) => prefix switch
    {
        0xFB when code < BaseFC - BaseFB => (Op)(BaseFB + code),
        0xFC when code < BaseFD - BaseFC => (Op)(BaseFC + code),
        0xFD when code < BaseFE - BaseFD => (Op)(BaseFD + code),
        0xFE when code < Count - BaseFE => (Op)(BaseFE + code),
        _ => (Op)ushort.MaxValue,
    };

    /// <summary>The prefix byte (0 where there is none) and the opcode after it.</summary>
    public static (byte Prefix, uint Code) Encoding(Op op) => (int)op switch
    {
        >= BaseFE => (0xFE, (uint)op - BaseFE),
        >= BaseFD => (0xFD, (uint)op - BaseFD),
        >= BaseFC => (0xFC, (uint)op - BaseFC),
        >= BaseFB => (0xFB, (uint)op - BaseFB),
        _ => (0, (uint)op),
    };

    /// <summary>The shape of the immediates, or <see cref="Shape.Invalid"/> where there is no such operator.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Shape ShapeOf(Op op) => (int)op < Count ? (Shape)Shapes[(int)op] : Shape.Invalid;

    public static OpClass ClassOf(Op op) => (OpClass)Classes[(int)op];

    /// <summary>Units of fuel.</summary>
    public static int FuelOf(Op op) => FuelCosts[(int)op];

    /// <summary>Whether a basic block begins behind an operator: fuel is charged by blocks, and every tier has the same ones.</summary>
    public static bool StartsBlock(Op op) => op is Op.Loop or Op.If or Op.Else or Op.End or Op.BrIf or Op.BrOnNull or Op.BrOnNonNull or Op.BrOnCast or Op.BrOnCastFail
        or Op.Try or Op.TryTable or Op.Catch or Op.CatchAll or Op.Delegate;

    public static Features FeatureOf(Op op) => (Features)RequiredFeatures[(int)op];

    /// <summary>As in the text format. Two operators may share one (select, ref.test, ref.cast).</summary>
    public static string Mnemonic(Op op) => MnemonicOf(op) ?? throw new ArgumentOutOfRangeException(nameof(op));

    /// <summary>The operator's operands and results where they do not depend on context.</summary>
    public static Signature SignatureOf(Op op) => new(Signatures[(int)op]);

    /// <summary>log2 of the bytes that a memory operator accesses, by its shape; -1 for other shapes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AccessSizeLog2(Shape shape) => shape switch
    {
        >= Shape.Mem8 and <= Shape.Mem128 => shape - Shape.Mem8,
        >= Shape.Mem8Lane and <= Shape.Mem64Lane => shape - Shape.Mem8Lane,
        _ => -1,
    };
}

/// <summary>Operand and result types packed into 32 bits: three bits of operand count, two of result count, from bit 8 four bits a letter.</summary>
public readonly record struct Signature(uint Packed)
{
    /// <summary>Whether the table leaves typing to context (`*`).</summary>
    public bool ByContext => Packed == uint.MaxValue;
    public int OperandCount => (int)(Packed & 7);
    public int ResultCount => (int)(Packed >> 3 & 3);

    /// <summary>Type of operand <paramref name="i"/>, the first pushed being 0. An address is of type <paramref name="address"/>.</summary>
    public ValType Operand(int i, ValType address) => Letter(i, address);

    public ValType Result(int i, ValType address) => Letter(OperandCount + i, address);

    ValType Letter(int i, ValType address) => (Packed >> (8 + 4 * i) & 15) switch
    {
        1 => ValType.I32, 2 => ValType.I64, 3 => ValType.F32, 4 => ValType.F64, 5 => ValType.V128, 6 => address,
        _ => throw new InvalidOperationException("typing depends on context"),
    };
}
