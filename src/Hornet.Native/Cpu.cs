using System.Runtime.Intrinsics.X86;
using Hornet.Compiler.X64;

namespace Hornet.Native;

/// <summary>What this machine's CPU can do, as the code generator asks.</summary>
internal static class Cpu
{
    public static CpuFeatures Features { get; } =
        (Sse42.IsSupported ? CpuFeatures.Sse42 : 0) | (Popcnt.IsSupported ? CpuFeatures.Popcnt : 0) | (Lzcnt.IsSupported ? CpuFeatures.Lzcnt : 0)
        | (Bmi1.IsSupported ? CpuFeatures.Bmi1 : 0) | (Bmi2.IsSupported ? CpuFeatures.Bmi2 : 0) | (Avx.IsSupported ? CpuFeatures.Avx : 0)
        | (Avx2.IsSupported ? CpuFeatures.Avx2 : 0) | (Fma.IsSupported ? CpuFeatures.Fma : 0);
}
