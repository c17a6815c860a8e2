using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>
/// One slot of a frame, an argument or a result: 8 bytes. A v128 takes two consecutive slots, everything else one.
/// i32 and f32 live in the low half; the high half is undefined. References: see docs/vm.md.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
internal unsafe struct ValRaw
{
    [FieldOffset(0)] public int I32;
    [FieldOffset(0)] public uint U32;
    [FieldOffset(0)] public long I64;
    [FieldOffset(0)] public ulong U64;
    [FieldOffset(0)] public float F32;
    [FieldOffset(0)] public double F64;
    /// <summary>A function reference; null is the null reference.</summary>
    [FieldOffset(0)] public VmFuncRef* Func;
    /// <summary>A reference of the any, extern or exn hierarchy; zero-extended to the whole slot.</summary>
    [FieldOffset(0)] public GcRef Ref;

    /// <summary>Bytes in a slot.</summary>
    public const int Size = 8;
}

/// <summary>Room for the arguments and results of a typed call. Not stackalloc: methods with that check a cookie on their stack, which each call would pay for.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16 * ValRaw.Size)]
internal struct Slots16;

/// <inheritdoc cref="Slots16"/>
[StructLayout(LayoutKind.Sequential, Size = 32 * ValRaw.Size)]
internal struct Slots32;

/// <summary>
/// A reference of the any, extern or exn hierarchy in 32 bits: 0 is null; bit 0 set, an i31 in bits 1..31; bits 1..0 = 10, a host
/// object's handle in bits 2..31; bits 2..0 = 000, the offset of an object in the store's GC heap.
/// extern.convert_any and any.convert_extern leave the number as it is.
/// </summary>
internal readonly record struct GcRef(uint Bits)
{
    public static readonly GcRef Null = default;
    public bool IsNull => Bits == 0;
    public bool IsI31 => (Bits & 1) != 0;
    public bool IsHost => (Bits & 3) == 2;
    /// <summary>An object in the GC heap (and not null).</summary>
    public bool IsObject => (Bits & 3) == 0 && Bits != 0;
    public static GcRef I31(int value) => new((uint)value << 1 | 1);
    public int I31Signed => (int)Bits >> 1;
    public uint I31Unsigned => Bits >> 1;
    public static GcRef Host(int handle) => new((uint)handle << 2 | 2);
    public int HostHandle => (int)(Bits >> 2);
}
