using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Hornet.Base;

// Conversions between vectors of integers and of floating point. .NET's saturate and take NaN to 0, as the standard asks.
public static partial class Semantics
{
    public static V128 I32x4TruncSatF32x4S(V128 a) => Vector128.ConvertToInt32(a.AsSingle()).AsByte();
    public static V128 I32x4TruncSatF32x4U(V128 a) => Vector128.ConvertToUInt32(a.AsSingle()).AsByte();
    public static V128 I32x4TruncSatF64x2SZero(V128 a) => Vector128.Create((int)a.AsDouble()[0], (int)a.AsDouble()[1], 0, 0).AsByte();
    public static V128 I32x4TruncSatF64x2UZero(V128 a) => Vector128.Create((uint)a.AsDouble()[0], (uint)a.AsDouble()[1], 0, 0).AsByte();

    public static V128 F32x4ConvertI32x4S(V128 a) => Vector128.ConvertToSingle(a.AsInt32()).AsByte();
    public static V128 F32x4ConvertI32x4U(V128 a) => Vector128.ConvertToSingle(a.AsUInt32()).AsByte();

    // Both exact: 32 bits fit a double, signed or not.
    public static V128 F64x2ConvertLowI32x4S(V128 a) => Vector128.ConvertToDouble(Vector128.WidenLower(a.AsInt32())).AsByte();
    public static V128 F64x2ConvertLowI32x4U(V128 a) => Vector128.ConvertToDouble(Vector128.WidenLower(a.AsUInt32())).AsByte();

    public static V128 F32x4DemoteF64x2Zero(V128 a) => Vector128.Create((float)a.AsDouble()[0], (float)a.AsDouble()[1], 0, 0).AsByte();
    public static V128 F64x2PromoteLowF32x4(V128 a) => Vector128.WidenLower(a.AsSingle()).AsByte();
}
