using System.Reflection;
using System.Runtime.InteropServices;
using Hornet.Wasm;
using W = Wasmtime;

namespace Hornet.Fuzz;

/// <summary>Wasmtime as a party to comparisons.</summary>
public sealed partial class WasmtimeEngine : IDisposable
{
    // Its own checks instead of signals: two engines' handlers in one process are not what is tested here.
    readonly W.Engine _engine = new(WithSharedMemory(new W.Config().WithSignalsBasedTraps(false).WithMemory64(true).WithMultiMemory(true).WithTailCalls(true).WithFunctionReferences(true).WithGc(true).WithExceptions(true).WithWideArithmetic(true).WithWasmThreads(true)
        .WithRelaxedSIMD(true, true).WithParallelCompilation(false).WithOptimizationLevel(W.OptimizationLevel.None)));

    // The package leaves this switch out; its library has it.
    static W.Config WithSharedMemory(W.Config config)
    {
        SafeHandle handle = (SafeHandle)typeof(W.Config).GetProperty("NativeHandle", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(config)!;
        SetSharedMemory(handle.DangerousGetHandle(), true);
        return config;
    }

    [LibraryImport("wasmtime", EntryPoint = "wasmtime_config_shared_memory_set")]
    private static partial void SetSharedMemory(nint config, [MarshalAs(UnmanagedType.U1)] bool enable);

    /// <summary>Makes all calls of a module.</summary>
    public Outcome Run(byte[] bytes)
    {
        Outcome outcome = new();
        using W.Module module = W.Module.FromBytes(_engine, "fuzz", bytes);
        using W.Store store = new(_engine);
        using W.Linker linker = new(_engine);
        linker.DefineFunction("h", "f", (int a, long b) => Calls.Host(a, b));
        W.Instance instance;
        try
        {
            instance = linker.Instantiate(store, module);
        }
        catch (W.TrapException e)
        {
            outcome.Add($"instantiation: {Code(e)}");
            return outcome;
        }
        W.Global? fuel = instance.GetGlobal("fuel");
        foreach (W.Export export in module.Exports)
        {
            if (instance.GetFunction(export.Name) is not { } function) continue;
            ValType[] parameters = [.. function.Parameters.Select(TypeOf)], results = [.. function.Results.Select(TypeOf)];
            if (parameters.Concat(results).Any(t => t == ValType.Bottom)) continue;
            int count = Calls.Count(export.Name, parameters);
            W.ValueBox[] arguments = new W.ValueBox[parameters.Length];
            for (int call = 0; call < count; call++)
            {
                string shown = "";
                for (int i = 0; i < arguments.Length; i++)
                {
                    (ulong low, ulong high) = Calls.Argument(export.Name, parameters, call, i);
                    arguments[i] = Box(parameters[i], low, high);
                    shown += (i > 0 ? " " : "") + Calls.Bits(parameters[i], low, high);
                }
                fuel?.SetValue(ModuleGenerator.Fuel);
                string done;
                try
                {
                    object? value = function.Invoke(arguments);
                    object?[] values = results.Length == 0 ? [] : results.Length == 1 ? [value] : (object?[])value!;
                    done = string.Join(' ', values.Select((v, i) => Bits(results[i], v)));
                }
                catch (W.TrapException e)
                {
                    if (e.Type is W.TrapCode.StackOverflow or W.TrapCode.Interrupt)
                    {
                        outcome.Stop();
                        return outcome;
                    }
                    done = Code(e);
                }
                outcome.Add($"{export.Name}#{call}({shown}) = {done}");
            }
        }
        foreach (W.Export export in module.Exports)
            if (instance.GetMemory(export.Name) is { } memory) outcome.Add($"memory {export.Name}: {memory.GetLength():x} {Calls.Hash(memory.GetSpan(0, (int)memory.GetLength())):x16}");
        foreach (W.Export export in module.Exports)
            if (instance.GetTable(export.Name) is { } table) outcome.Add($"table {export.Name}: {string.Join(' ', Enumerable.Range(0, (int)table.GetSize()).Select(i => table.GetElement((uint)i) is W.Function { IsNull: false } f ? Calls.Element(f.Parameters.Count, f.Results.Count) : "null"))}");
        foreach (W.Export export in module.Exports)
            if (instance.GetGlobal(export.Name) is { } global && TypeOf(global.Kind) is { IsBottom: false } type) outcome.Add($"global {export.Name}: {Bits(type, global.GetValue())}");
        return outcome;
    }

    static ValType TypeOf(W.ValueKind kind) => kind switch
    {
        W.ValueKind.Int32 => ValType.I32,
        W.ValueKind.Int64 => ValType.I64,
        W.ValueKind.Float32 => ValType.F32,
        W.ValueKind.Float64 => ValType.F64,
        W.ValueKind.V128 => ValType.V128,
        _ => ValType.Bottom,
    };

    static W.ValueBox Box(ValType type, ulong low, ulong high)
    {
        if (type == ValType.I32) return (int)low;
        if (type == ValType.I64) return (long)low;
        if (type == ValType.F32) return BitConverter.UInt32BitsToSingle((uint)low);
        if (type == ValType.F64) return BitConverter.UInt64BitsToDouble(low);
        byte[] bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes, low);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), high);
        return new W.V128(bytes);
    }

    static string Bits(ValType type, object? value) => value switch
    {
        int v => Calls.Bits(type, (uint)v, 0),
        long v => Calls.Bits(type, (ulong)v, 0),
        float v => Calls.Bits(type, BitConverter.SingleToUInt32Bits(v), 0),
        double v => Calls.Bits(type, BitConverter.DoubleToUInt64Bits(v), 0),
        W.V128 v => Calls.Bits(type, BitConverter.ToUInt64(v.AsSpan()), BitConverter.ToUInt64(v.AsSpan()[8..])),
        _ => $"{value}",
    };

    // An exception that nobody catches has no code of its own in this package.
    static string Code(W.TrapException e) => e.Type == W.TrapCode.Undefined ? "exception" : $"trap {e.Type switch
    {
        W.TrapCode.IntegerDivisionByZero => nameof(TrapCode.IntegerDivideByZero),
        W.TrapCode.AtomicWaitNonSharedMemory => nameof(TrapCode.ExpectedSharedMemory),
        W.TrapCode.HeapMisaligned => nameof(TrapCode.UnalignedAtomic),
        _ => e.Type.ToString(),
    }}";

    public void Dispose() => _engine.Dispose();
}
