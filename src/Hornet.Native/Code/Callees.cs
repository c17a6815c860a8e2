using Hornet.Compiler.Passes;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

using Function = Hornet.Compiler.Ir.Function;

/// <summary>
/// Gives the inliner small functions of a module, translated anew for each call. How large a function is stays with the module: it is
/// translated once to find out, and then only where it is wanted.
/// </summary>
internal sealed class Callees(ModuleTranslation translation, FunctionTranslator translator, ModuleContent content) : ICallees
{
    // An operator and its operands take about so many bytes; a function of more is not even looked at.
    const int BytesForOne = 6;

    readonly Function _callee = new();

    public bool MayBeSmall(int symbol, int most)
    {
        if (symbol >= ModuleTranslation.FirstBuiltin || ModuleCompiler.LeaveOut is { } leaveOut && leaveOut(symbol)) return false;
        int defined = symbol - translation.Environment.ImportedFunctions;
        ushort known = translation.Sizes[defined];
        return known != 0 ? known <= most + 1 : translation.Environment.Bodies[defined].Bytes.Length <= most * BytesForOne;
    }

    public Function? Build(int symbol, int most)
    {
        ref ushort known = ref translation.Sizes[symbol - translation.Environment.ImportedFunctions];
        try
        {
            ModuleCompiler.BuildIr(translation, translator, _callee, symbol, content.With(translation.Environment.Bodies[symbol - translation.Environment.ImportedFunctions].Bytes));
        }
        catch (Exception e) when (e is UntranslatedException or NotSupportedException)
        {
            known = ushort.MaxValue;
            return null;
        }
        _callee.ResolveAll();
        int size = Inlining.SizeOf(_callee);
        // Two threads may find this out at once; they find the same.
        known = (ushort)Math.Min(size + 1, ushort.MaxValue);
        return size <= most ? _callee : null;
    }

    // Of what the runtime does for a function, only this ends in a handler.
    public bool MayThrow(int symbol) => symbol < ModuleTranslation.FirstBuiltin || symbol == ModuleTranslation.FirstBuiltin + (int)Builtin.Throw;
}
