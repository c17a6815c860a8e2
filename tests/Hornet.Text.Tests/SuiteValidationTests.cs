using Hornet.Text.Scripts;
using Hornet.Wasm;

namespace Hornet.Text.Tests;

/// <summary>The validator's verdict on every module of the suite.</summary>
public class SuiteValidationTests
{
    // The standard's interpreter reads on over the end of a section and tells what it finds there; a reader that streams stops at
    // the end. Permanent: what follows need not have arrived.
    static readonly string[] ToldBeyondTheEnd = ["integer representation too long", "integer too large", "END opcode expected", "section size mismatch", "length out of bounds", "malformed limits flags"];

    // That proposal's scripts stand on a version of the standard that had one table and one memory.
    static Features FeaturesOf(string file) =>
        file.StartsWith("proposals/threads/", StringComparison.Ordinal) ? Features.Wasm2 & ~Features.ReferenceTypes | Features.Threads : Features.All;

    // Bytes as they trickle in.
    sealed class Trickle(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, most));
    }

    static WasmFormatException? Validate(byte[] module, Features features)
    {
        WasmFormatException? error = null, streamed = null;
        try
        {
            ModuleValidator.Validate(module, features, new() { MaxDegreeOfParallelism = 1 });
        }
        catch (WasmFormatException e)
        {
            error = e;
        }
        try
        {
            ModuleValidator.Validate(new Trickle(module, 1 + module.Length % 61), features, new() { MaxDegreeOfParallelism = 2 });
        }
        catch (WasmFormatException e)
        {
            streamed = e;
        }
        Assert.Equal(error is null, streamed is null);
        return error;
    }

    static string? Wrong(Directive d, Features features)
    {
        byte[] module;
        try
        {
            module = d.Module!.Encode();
        }
        catch (TextException) when (d.Kind == DirectiveKind.AssertMalformed)
        {
            return null;
        }
        WasmFormatException? error = Validate(module, features);
        if (error is not null && (error.Offset < 0 || error.Offset > module.Length)) return $"error at {error.Offset} of {module.Length} bytes";
        switch (d.Kind)
        {
            // Limits are 64 bits wide since WebAssembly 3.0, so that a limit beyond 32 bits is well formed and invalid. Permanent.
            case DirectiveKind.AssertMalformed when d.Text == "i32 constant out of range":
                return error is { Kind: FormatErrorKind.Invalid } && error.Reason.Contains("size must be at most", StringComparison.Ordinal) ? null : $"a limit out of range but {error?.Message ?? "valid"}";
            case DirectiveKind.AssertMalformed:
                if (error?.Kind != FormatErrorKind.Malformed) return $"malformed ({d.Text}) but {error?.Message ?? "valid"}";
                bool same = error.Reason.StartsWith(d.Text, StringComparison.Ordinal)
                    || error.Reason.StartsWith("unexpected end of section or function", StringComparison.Ordinal) && ToldBeyondTheEnd.Contains(d.Text);
                return same ? null : $"{d.Text} expected, {error.Reason} told";
            case DirectiveKind.AssertInvalid:
                if (error?.Kind != FormatErrorKind.Invalid) return $"invalid ({d.Text}) but {error?.Message ?? "valid"}";
                return error.Reason.StartsWith(d.Text, StringComparison.Ordinal) ? null : $"{d.Text} expected, {error.Reason} told";
            default:
                return error is null ? null : $"valid but {error.Message}";
        }
    }

    [Fact]
    public void Every_module_gets_the_verdict_of_the_suite()
    {
        Suite.Require();
        List<string> failures = [];
        int valid = 0, invalid = 0, malformed = 0;
        foreach (string file in Suite.Files.Where(f => !Suite.IsDebt(f)))
        {
            Features features = FeaturesOf(file);
            foreach (Directive d in WastParser.Parse(Suite.Read(file)))
            {
                switch (d.Kind)
                {
                    case DirectiveKind.AssertInvalid:
                        invalid++;
                        break;
                    case DirectiveKind.AssertMalformed:
                        malformed++;
                        break;
                    case DirectiveKind.Module or DirectiveKind.ModuleDefinition or DirectiveKind.AssertUnlinkable or DirectiveKind.AssertTrap when d.Module is not null:
                        valid++;
                        break;
                    default:
                        continue;
                }
                if (Wrong(d, features) is { } wrong) failures.Add($"{file}:{d.Line}: {wrong}");
            }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.InRange(valid, 1_900, 10_000);
        Assert.InRange(invalid, 2_800, 10_000);
        Assert.InRange(malformed, 1_500, 10_000);
    }
}
