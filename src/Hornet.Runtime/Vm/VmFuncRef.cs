using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>
/// A function reference: what funcref points to, and the code slot of a function. Those of an instance lie inside its
/// <see cref="VmContext"/> at function index × size; those of host functions are allocated by the store.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VmFuncRef
{
    /// <summary>Machine code, or the stub that enters the interpreter or compiles lazily. 0 where no native tier is plugged in.</summary>
    public nint NativeEntry;
    /// <summary>What native code passes in the pinned register: the context of machine code; for everything else this reference itself (the original, in a copy too).</summary>
    public void* NativeContext;
    /// <summary>What the interpreter jumps to; its meaning is the interpreter's. For host functions the host-call code.</summary>
    public nint InterpreterEntry;
    /// <summary>The instance that the function belongs to; null for host functions.</summary>
    public VmContext* Context;
    /// <summary>Engine-wide id of the function's type: indirect calls compare it.</summary>
    public uint TypeId;
    /// <summary>Function index in its instance; for host functions, the index in the store's table of host functions.</summary>
    public uint Index;
}
