using System.Globalization;
using System.Text;
using Hornet.Base;
using Hornet.Text;
using Hornet.Text.Scripts;
using Hornet.Wasm;
using Hornet.Wast;
using WastOutcome = Hornet.Wast.Outcome;

namespace Hornet.Fuzz;

/// <summary>
/// Scripts (.wast): modules as text, bytes and quoted text, under names and registered, with assertions about what the interpreter did with them. Each
/// is parsed, printed and parsed again, translated to JSON, and has to hold on both tiers. One in four is damaged, and then has to end in a message.
/// </summary>
public sealed class ScriptOracle : IDisposable
{
    const string Damaged = ";; damaged\n";
    const int MostModules = 3, MostCalls = 8;

    static readonly Lazy<Engine> s_interpreter = new(() => new(new Config()));

    readonly Engine _native = new(new Config().WithNativeCode(tierUp: false));

    public static byte[] Case(Decisions d)
    {
        StringBuilder script = new();
        using HostedEngine engine = new(s_interpreter.Value);
        engine.Register("h", engine.Instantiate(engine.Compile(s_host)).Instance!);
        script.Append(PrintModule(new("host", ScriptModuleForm.Text, s_host), DirectiveKind.Module)).Append("(register \"h\" $host)\n");
        for (int left = 1 + d.Below(MostModules); left > 0; left--)
        {
            byte[] module = ModuleGenerator.Generate(d, s_options);
            string? name = d.OnceIn(2) ? $"m{left}" : null;
            ScriptModuleForm form = (ScriptModuleForm)d.Below(3);
            if (WastOutcomeOf(engine, module) is not { Instance: { } instance })
            {
                script.Append(PrintModule(new(null, form, form == ScriptModuleForm.Quote ? WatPrinter.Print(module) : module), DirectiveKind.AssertTrap));
                continue;
            }
            script.Append(PrintModule(new(name, form, form == ScriptModuleForm.Quote ? WatPrinter.Print(module) : module), DirectiveKind.Module));
            if (d.OnceIn(3)) script.Append(CultureInfo.InvariantCulture, $"(register \"r{left}\"{(name is null ? "" : $" ${name}")})\n");
            Assertions(script, engine, (Instance)instance, d.OnceIn(2) ? name : null, d);
            if (d.OnceIn(3)) Judged(script, NearlyValid.Of(module, d));
        }
        if (!d.OnceIn(4)) return Encoding.UTF8.GetBytes(script.ToString());
        return Encoding.UTF8.GetBytes(Damaged + RoundTrips.Damage(script.ToString(), d));
    }

    static readonly GeneratorOptions s_options = new(Threads: true);
    static readonly byte[] s_host = WatParser.Parse("""(module (func (export "f") (param i32 i64) (result i64) (i64.add (i64.mul (i64.xor (local.get 1) (i64.extend_i32_s (local.get 0))) (i64.const 3)) (i64.const 1))))"""u8);

    static WastOutcome WastOutcomeOf(HostedEngine engine, byte[] module) => engine.Instantiate(engine.Compile(module));

    // What the interpreter says, as assertions.
    static void Assertions(StringBuilder script, HostedEngine engine, Instance instance, string? name, Decisions d)
    {
        (string Name, Function Function)[] functions = [.. instance.GetFunctions()];
        for (int left = d.Below(MostCalls); left > 0; left--)
        {
            if (d.OnceIn(5))
            {
                string global = d.Of((string[])["fuel", "g0", "g1", "g3"]);
                script.Append(CultureInfo.InvariantCulture, $"(assert_return (get{Of(name)} \"{global}\") {Values([.. engine.Get(instance, global).Results.Select(Value)])})\n");
                continue;
            }
            (string export, Function function) = d.Of(functions);
            ScriptValue[] arguments = [.. function.Parameters.Select(k => Value(k, d.Of(EdgeValues.Of(HornetEngine.TypeOf(k)))))];
            WastOutcome outcome = engine.Invoke(instance, export, arguments);
            string action = $"(invoke{Of(name)} \"{export}\"{(arguments.Length > 0 ? " " : "")}{Values(arguments)})";
            script.Append(outcome.Kind switch
            {
                OutcomeKind.Returned => $"(assert_return {action}{(outcome.Results.Length > 0 ? " " : "")}{Values([.. outcome.Results.Select(Value)])})\n",
                OutcomeKind.Trapped => $"(assert_trap {action} \"{outcome.Message}\")\n",
                OutcomeKind.Exhausted => $"(assert_exhaustion {action} \"{outcome.Message}\")\n",
                _ => $"(assert_exception {action})\n",
            });
            // Where its stack ends is each tier's own affair, and so is what it had done by then.
            if (outcome.Kind == OutcomeKind.Exhausted) return;
        }
    }

    // A module that is nearly valid, as the validator judges it.
    static void Judged(StringBuilder script, byte[] module)
    {
        try
        {
            ModuleValidator.Validate(module);
            script.Append(PrintModule(new(null, ScriptModuleForm.Binary, module), DirectiveKind.ModuleDefinition));
        }
        catch (WasmFormatException e)
        {
            if (e.Kind is FormatErrorKind.Malformed or FormatErrorKind.Invalid)
                script.Append(PrintModule(new(null, ScriptModuleForm.Binary, module), e.Kind == FormatErrorKind.Malformed ? DirectiveKind.AssertMalformed : DirectiveKind.AssertInvalid));
        }
    }

    /// <summary>The first thing that is not as it should be, or null.</summary>
    public string? Judge(byte[] script)
    {
        IReadOnlyList<Directive> directives;
        bool damaged = script.AsSpan().StartsWith(Encoding.UTF8.GetBytes(Damaged));
        try
        {
            directives = WastParser.Parse(script);
        }
        catch (TextException e)
        {
            return damaged ? null : $"script: not parsed: {e.Message.Split('\n')[0]}";
        }
        // What is in the strings of a damaged one would have to be escaped.
        if (!damaged && Print(directives) is { } printed && Print(WastParser.Parse(Encoding.UTF8.GetBytes(printed))) is var again && again != printed) return "script: printed otherwise the second time";
        WastJson.Write(script, "fuzz.wast", Stream.Null, (_, _) => { });
        // A damaged one may well run without an end.
        if (damaged) return WastRunner.Validate(script) is null ? "script: no result" : null;
        foreach ((string tier, Engine engine) in ((string, Engine)[])[("interpreter", s_interpreter.Value), ("native", _native)])
            if (WastRunner.Run(script, engine) is { Failures: [var first, ..] }) return $"script, {tier}: line {first.Line}: {first.Message}";
        return null;
    }

    // Null where something is in it that the generator does not make.
    static string? Print(IReadOnlyList<Directive> directives)
    {
        StringBuilder text = new();
        foreach (Directive d in directives)
        {
            if (d.Expected.Concat(d.Action?.Arguments ?? []).Any(v => v.Kind > ScriptValueKind.V128 || v.Patterns.Any(p => p != default))) return null;
            switch (d.Kind)
            {
                case DirectiveKind.Module or DirectiveKind.ModuleDefinition or DirectiveKind.AssertInvalid or DirectiveKind.AssertMalformed or DirectiveKind.AssertTrap when d.Module is not null:
                    text.Append(PrintModule(d.Module, d.Kind));
                    break;
                case DirectiveKind.Register:
                    text.Append(CultureInfo.InvariantCulture, $"(register \"{d.Text}\"{Of(d.Name)})\n");
                    break;
                case DirectiveKind.AssertReturn when d.Action is { } a:
                    text.Append(CultureInfo.InvariantCulture, $"(assert_return {Action(a)} {Values(d.Expected)})\n");
                    break;
                case DirectiveKind.AssertTrap or DirectiveKind.AssertExhaustion when d.Action is { } a:
                    text.Append(CultureInfo.InvariantCulture, $"({(d.Kind == DirectiveKind.AssertTrap ? "assert_trap" : "assert_exhaustion")} {Action(a)} \"{d.Text}\")\n");
                    break;
                case DirectiveKind.AssertException when d.Action is { } a:
                    text.Append(CultureInfo.InvariantCulture, $"(assert_exception {Action(a)})\n");
                    break;
                default: return null;
            }
        }
        return text.ToString();
    }

    static string Of(string? name) => name is null ? "" : $" ${name}";

    static string Action(ScriptAction a) => $"({(a.IsGet ? "get" : "invoke")}{Of(a.Module)} \"{a.Name}\" {Values(a.Arguments)})";

    static string PrintModule(ScriptModule module, DirectiveKind kind)
    {
        string name = module.Name is null ? "" : $" ${module.Name.TrimStart('$')}", definition = kind == DirectiveKind.ModuleDefinition ? " definition" : "";
        string text = module.Form switch
        {
            // A parsed module has its name in its bytes.
            ScriptModuleForm.Text => Encoding.UTF8.GetString(WatPrinter.Print(module.Bytes)).TrimEnd() is var printed && printed.StartsWith("(module $", StringComparison.Ordinal)
                ? $"(module{definition}{printed["(module".Length..]}" : $"(module{definition}{name}{printed["(module".Length..]}",
            ScriptModuleForm.Binary => $"(module{definition}{name} binary \"{Quoted(module.Bytes)}\")",
            _ => $"(module{definition}{name} quote \"{Quoted(module.Bytes)}\")",
        };
        return kind switch
        {
            DirectiveKind.AssertInvalid => $"(assert_invalid {text} \"\")\n",
            DirectiveKind.AssertMalformed => $"(assert_malformed {text} \"\")\n",
            DirectiveKind.AssertTrap => $"(assert_trap {text} \"\")\n",
            _ => text + "\n",
        };
    }

    static string Quoted(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new();
        foreach (byte b in bytes) text.Append(CultureInfo.InvariantCulture, $"\\{b:x2}");
        return text.ToString();
    }

    static ScriptValue Value(ValueKind kind, (ulong Low, ulong High) bits) => new((ScriptValueKind)kind) { Bits = kind is ValueKind.Int32 or ValueKind.Float32 ? (uint)bits.Low : bits.Low, BitsHigh = bits.High, Shape = LaneShape.I64x2 };

    static ScriptValue Value(ScriptResult result) => new(result.Kind) { Bits = result.Bits, BitsHigh = result.BitsHigh, Shape = LaneShape.I64x2 };

    static string Values(ScriptValue[] values) => string.Join(' ', values.Select(v => v.Kind switch
    {
        ScriptValueKind.I32 => $"(i32.const {(int)v.Bits})",
        ScriptValueKind.I64 => $"(i64.const {(long)v.Bits})",
        ScriptValueKind.F32 => $"(f32.const {Float(v.Bits, 23, 8)})",
        ScriptValueKind.F64 => $"(f64.const {Float(v.Bits, 52, 11)})",
        _ => $"(v128.const i64x2 0x{v.Bits:x} 0x{v.BitsHigh:x})",
    }));

    // Exactly, as a hexadecimal number. Source: spec, text/values, floating-point.
    static string Float(ulong bits, int mantissaBits, int exponentBits)
    {
        string sign = (bits >> (mantissaBits + exponentBits) & 1) != 0 ? "-" : "";
        ulong mantissa = bits & (1UL << mantissaBits) - 1;
        int biased = (int)(bits >> mantissaBits) & (1 << exponentBits) - 1, bias = (1 << exponentBits - 1) - 1;
        if (biased == (1 << exponentBits) - 1) return mantissa == 0 ? $"{sign}inf" : $"{sign}nan:0x{mantissa:x}";
        return biased == 0 ? $"{sign}0x{mantissa:x}p{1 - bias - mantissaBits}" : $"{sign}0x{mantissa | 1UL << mantissaBits:x}p{biased - bias - mantissaBits}";
    }

    public void Dispose() => _native.Dispose();
}
