using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using unsafe Handler = delegate*<byte*, byte*, byte*, ulong, Hornet.Runtime.VmContext*, Hornet.Runtime.Machine*, nint>;

namespace Hornet.Runtime;

/// <summary>Which form of the instructions runs, decided once: threaded where a call in tail position is a jump, else the switch.</summary>
internal static unsafe class Dispatch
{
    /// <summary>What stands in the first 8 bytes of an instruction, by <see cref="Code"/>.</summary>
    static readonly nint[] Words;

    /// <summary>Whether the threaded form runs.</summary>
    public static bool IsThreaded { get; }

    /// <summary>Instructions that belong to no function: the end of a run, and the call of what the machine holds.</summary>
    public static readonly byte* Exit, CallMachine;

    static Dispatch()
    {
        IsThreaded = TailCallsAreJumps() && Environment.GetEnvironmentVariable("HORNET_INTERPRETER") != "switch";
        if (IsThreaded)
        {
            Words = RawCalliHelper.Addresses();
        }
        else
        {
            Words = new nint[(int)Code.Count];
            for (int i = 0; i < Words.Length; i++) Words[i] = i;
        }
        // SAFETY: never freed; read only from here on.
        nint* words = (nint*)NativeMemory.Alloc(2 * (nuint)sizeof(nint));
        words[0] = Words[(int)Code.Exit];
        words[1] = Words[(int)Code.CallMachine];
        Exit = (byte*)words;
        CallMachine = (byte*)(words + 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Word(Code code) => Words[(int)code];

    /// <summary>Runs from an instruction until the run is left.</summary>
    public static CallStatus Run(byte* ip, byte* fp, VmContext* vm, Machine* m)
    {
        VmMemory* memory = vm->Memory0;
        return (CallStatus)(IsThreaded
            ? ((Handler)(*(nint*)ip))(ip, fp, memory->Base, memory->Length, vm, m)
            : Switch.Run(ip, fp, memory->Base, memory->Length, vm, m));
    }

    // The probe: a chain of calls in tail position; if they are jumps, a local of the last one lies where the first one's did.

    static bool TailCallsAreJumps()
    {
        nint[] chain = [(nint)(Handler)(&ProbeEnd), (nint)(Handler)(&ProbeStep), (nint)(Handler)(&ProbeStep), (nint)(Handler)(&ProbeStep), (nint)(Handler)(&ProbeStep)];
        fixed (nint* last = chain)
        {
            nint shallow = ((Handler)last[0])((byte*)last, null, null, 0, null, null);
            nint deep = ((Handler)last[4])((byte*)(last + 4), null, null, 0, null, null);
            // Stubs may differ by a word or two; four real frames take far more.
            return Math.Abs(shallow - deep) < 32;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static nint ProbeStep(byte* ip, byte* fp, byte* mem, ulong len, VmContext* vm, Machine* m)
    {
        ip -= sizeof(nint);
        return ((Handler)(*(nint*)ip))(ip, fp, mem, len, vm, m);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static nint ProbeEnd(byte* ip, byte* fp, byte* mem, ulong len, VmContext* vm, Machine* m)
    {
        nint here = 0;
        return (nint)(&here);
    }
}
