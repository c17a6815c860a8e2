using System.Runtime.InteropServices;
using Hornet.Base;

namespace Hornet.Runtime;

/// <summary>
/// What one run of the interpreter keeps beside the registers that handlers pass on. Lives on the host stack of
/// <see cref="InterpreterTier.Call"/>. Leaves find the registers here and leave them here.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Machine
{
    public byte* Fp;
    public VmContext* Vm;
    /// <summary>No frame reaches above this.</summary>
    public byte* Limit;
    public VmStore* Store;
    public Activation* Activation;
    /// <summary>The reference that was last called through, and where its frame and return are to be; see CallMachine.</summary>
    public VmFuncRef* Callee;
    public byte* Frame;
    public byte* ReturnIp;
    /// <summary>The cell of a function of this module that has to be translated.</summary>
    public nint Cell;
    /// <summary>The length register of a failed memory access.</summary>
    public ulong Length;
    /// <summary>A <see cref="CallStatus"/>: how the run ends, once a leaf has returned null.</summary>
    public nint Status;
    public TrapCode TrapCode;
    /// <summary>The switch form's way to a slow path.</summary>
    public delegate*<byte*, byte*, Machine*, byte*> Leaf;
}

/// <summary>What lies before a function's first instruction.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CodeHeader
{
    /// <summary>What the interpreter may still spend on the function before <see cref="TierUp"/> hears of it, and how often it was called: where functions tier up.</summary>
    public int Heat, Calls;
    public int ParamBytes;
    public int ResultBytes;
    /// <summary>Bytes from fp to the frame's end. Handlers read it at entry - 8.</summary>
    public int FrameBytes;
    /// <summary>Index of the function in its module.</summary>
    public int Function;
}

/// <summary>A frame as it lies on the guest's stack; fp points to it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FrameHeader
{
    public byte* ReturnIp;
    public byte* CallerFp;
    public VmContext* CallerVm;

    public const int Size = 24;
}
