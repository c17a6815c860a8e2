using System.Globalization;
using System.Text;

namespace Hornet.Cli.Running;

/// <summary>--invoke: an export called with arguments that were typed, and its results printed, a line each.</summary>
internal static class InvokedFunction
{
    public static void Call(Instance instance, Module module, string export, ReadOnlySpan<string> typed)
    {
        if (instance.GetFunction(export) is not { } function)
            throw new InputException($"the module exports no function '{export}'{Suggestion.For(export, module.Exports.OfType<FunctionExport>().Select(e => e.Name))}");
        if (typed.Length != function.Parameters.Count)
            throw new InputException($"'{export}' takes {Count(function.Parameters)}, not {typed.Length}");
        var arguments = new ValueBox[typed.Length];
        for (var i = 0; i < arguments.Length; i++)
            arguments[i] = Parse(function.Parameters[i], typed[i]) ?? throw new InputException($"'{typed[i]}' is not an {Name(function.Parameters[i])} (argument {i + 1} of '{export}')");
        var results = new ValueBox[function.Results.Count];
        function.Invoke(arguments, results);
        var text = new StringBuilder();
        foreach (var result in results)
            text.Append(Print(result)).Append('\n');
        Console.Out.Write(text);
    }

    private static ValueBox? Parse(ValueKind kind, string text)
    {
        switch (kind)
        {
            // Integers may be meant signed or unsigned.
            case ValueKind.Int32 when Integer(text, int.MinValue, uint.MaxValue) is { } value:
                return ValueBox.FromBits(kind, (uint)(UInt128)value);
            case ValueKind.Int64 when Integer(text, long.MinValue, ulong.MaxValue) is { } value:
                return ValueBox.FromBits(kind, (ulong)(UInt128)value);
            case ValueKind.V128 when Integer(text, 0, Int128.MaxValue) is { } value:
                return ValueBox.FromBits(kind, (ulong)(UInt128)value, (ulong)((UInt128)value >> 64));
            case ValueKind.Float32 when float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value):
                return value;
            case ValueKind.Float64 when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value):
                return value;
            case >= ValueKind.FuncRef when text == "null":
                return ValueBox.Null(kind);
            default:
                return null;
        }
    }

    private static Int128? Integer(string text, Int128 least, Int128 most)
    {
        var known = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? Int128.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            : Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        return known && value >= least && value <= most ? value : null;
    }

    private static string Print(ValueBox value) => value.Kind switch
    {
        ValueKind.Int32 => value.AsInt32().ToString(CultureInfo.InvariantCulture),
        ValueKind.Int64 => value.AsInt64().ToString(CultureInfo.InvariantCulture),
        ValueKind.Float32 => value.AsSingle().ToString("R", CultureInfo.InvariantCulture),
        ValueKind.Float64 => value.AsDouble().ToString("R", CultureInfo.InvariantCulture),
        ValueKind.V128 => $"0x{value.HighBits:x16}{value.LowBits:x16}",
        _ => value.IsNull ? "null" : Name(value.Kind),
    };

    private static string Count(IReadOnlyList<ValueKind> kinds) => kinds.Count switch
    {
        0 => "no arguments",
        1 => $"1 argument ({Name(kinds[0])})",
        _ => $"{kinds.Count} arguments ({string.Join(' ', kinds.Select(Name))})",
    };

    private static string Name(ValueKind kind) => kind switch
    {
        ValueKind.Int32 => "i32",
        ValueKind.Int64 => "i64",
        ValueKind.Float32 => "f32",
        ValueKind.Float64 => "f64",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
